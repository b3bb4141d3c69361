/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One container's way into the guest: what root.c and volumes.c work on. */
#ifndef KBM_SHIM_CONTAINER_H
#define KBM_SHIM_CONTAINER_H

#include <limits.h>

#include "rootfs.h"

struct container {
	const struct config *config;
	const char *id;
	const char *bundle;
	struct json_object *spec;
	bool can_plug;
	/* Its part of the sandbox's own directory, here and in the guest. */
	char folder[PATH_MAX];
	char guest_folder[PATH_MAX];
	struct rootfs *rootfs;
	struct problem *problem;
};

/* The root: fills rootfs.guest_root. */
int container_add_root(struct container *container, const struct rootfs_mount *mounts, size_t nr);

/**
 * container_add_volumes - all mounts of config.json that come from the host
 * @ret:	"mounts" for the guest; the caller's reference.
 */
int container_add_volumes(struct container *container, struct json_object **ret);

/* A mount point in the folder: a directory or an empty file. */
int container_make_point(struct container *container, const char *name, bool is_folder,
			 char path[PATH_MAX]);

/* @path, or the bundle's part of that name. */
int container_resolve(const struct container *container, const char *path, char ret[PATH_MAX]);

#endif
