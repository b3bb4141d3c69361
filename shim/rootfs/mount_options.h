/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of a mount, as fstab, containerd and config.json have them. */
#ifndef KBM_SHIM_MOUNT_OPTIONS_H
#define KBM_SHIM_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#define MOUNT_DATA_SIZE	65536

struct mount_options {
	/* MS_* of mount(2), without propagation. */
	unsigned long flags;
	/* MS_SHARED and such, with MS_REC; 0: none asked. */
	unsigned long propagation;
	/* "loop": the source is a file with a file system in it. */
	bool is_loop;
	/* The rest, for the file system, with commas. */
	char data[MOUNT_DATA_SIZE];
};

/* -E2BIG: more for the file system than fits. */
int mount_options_parse(char *const *options, size_t nr, struct mount_options *ret);

/* The mount does no more than bind. */
bool mount_options_is_bind(const char *type, const struct mount_options *options);

#endif
