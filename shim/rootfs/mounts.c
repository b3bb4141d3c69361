// SPDX-License-Identifier: GPL-2.0-or-later
#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "overlay.h"

/* mount(2) reads one page of options. */
#define DATA_MAX	4095

static int say_failed(int error, const char *type, const char *source, const char *target,
		      struct problem *problem)
{
	return problem_set(problem, error, "cannot mount %s (%s) at %s: %s", source, type, target,
			   strerror(-error));
}

int mounts_add(const char *type, const char *source, const char *target,
	       const struct mount_options *options, struct problem *problem)
{
	int r;

	if (strlen(options->data) > DATA_MAX && !strcmp(type, "overlay"))
		r = overlay_mount_by_short_names(source, target, options);
	else if (strlen(options->data) > DATA_MAX)
		r = -E2BIG;
	else
		r = mount(source, target, type, options->flags, options->data) < 0 ? -errno : 0;
	return r < 0 ? say_failed(r, type, source, target, problem) : 0;
}

int mounts_bind(const char *source, const char *target, const struct mount_options *options,
		struct problem *problem)
{
	unsigned int deep = options->flags & MS_REC ? AT_RECURSIVE : 0;
	struct mount_attr attributes = {
		.attr_set = options->flags & MS_RDONLY ? MOUNT_ATTR_RDONLY : 0,
		.propagation = options->propagation & MS_SLAVE ? 0 : MS_PRIVATE,
	};
	/* All is set before it is attached: what follows a mount to its peers are no changes. */
	cleanup_close int tree = open_tree(AT_FDCWD, source,
					   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | deep);

	if (tree < 0 ||
	    mount_setattr(tree, "", AT_EMPTY_PATH | deep, &attributes, sizeof(attributes)) < 0 ||
	    move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return say_failed(-errno, "bind", source, target, problem);
	return 0;
}
