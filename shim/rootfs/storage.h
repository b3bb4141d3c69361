/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of struct rootfs, and paths: shared by the files of this folder. */
#ifndef KBM_SHIM_STORAGE_H
#define KBM_SHIM_STORAGE_H

#include <limits.h>

#include "rootfs.h"

/* Longest that comes behind the sandbox's directory. */
#define ROOTFS_PATH_ROOM	256

/* Copies all; -ENOMEM. */
int storage_set(struct rootfs_storage *storage, const char *driver, const char *source,
		const char *fstype, const char *mount_point);
int storage_add_option(struct rootfs_storage *storage, const char *option);

/* Another storage of a container; -ENOMEM: NULL. */
struct rootfs_storage *rootfs_new_storage(struct rootfs *rootfs);

/* Another disk, by its serial; -ENOMEM: NULL. */
struct rootfs_disk *rootfs_new_disk(struct rootfs *rootfs, const char *source, const char *serial);

int rootfs_warn(struct rootfs *rootfs, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Where mounts of the sandbox at @shared are made. */
int rootfs_own_path(char path[PATH_MAX], const char *shared, struct problem *problem);

#endif
