/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mounts of this mount namespace. */
#ifndef KBM_SHIM_MOUNTS_H
#define KBM_SHIM_MOUNTS_H

#include <stdbool.h>

#include "mount_options.h"

struct problem;

/**
 * mounts_add - mount something new
 * @type:	file system.
 * @target:	exists.
 *
 * Overlays whose layers do not fit into a page are mounted by shorter names.
 */
int mounts_add(const char *type, const char *source, const char *target,
	       const struct mount_options *options, struct problem *problem);

/**
 * mounts_bind - show a file or directory at a second place
 * @options:	flags MS_REC and MS_RDONLY, and propagation MS_SLAVE are heeded;
 *		without the latter later mounts of the host do not show up.
 */
int mounts_bind(const char *source, const char *target, const struct mount_options *options,
		struct problem *problem);

/**
 * mounts_remove - unmount all that is mounted at or below a directory
 * @path:	absolute, without symbolic links.
 *
 * The last first. What is in use goes as soon as it is not. Nothing there: 0.
 */
int mounts_remove(const char *path, struct problem *problem);

#endif
