// SPDX-License-Identifier: GPL-2.0-or-later
/* The root of a container. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"
#include "container.h"
#include "mounts.h"
#include "storage.h"

#define SERIAL		"kbm-root"
#define GUEST_DISKS	"/run/kata-containers/disks/"

/* File systems that the guest's kernel mounts from a disk. */
static bool guest_can_mount(const char *type)
{
	return !strcmp(type, "ext4");
}

/* A block device, or an image that a loop device would be made of here. */
static bool is_disk(const struct rootfs_mount *mount, const struct mount_options *options)
{
	struct stat status;

	if (!guest_can_mount(mount->type) || stat(mount->source, &status) < 0)
		return false;
	return S_ISBLK(status.st_mode) || (S_ISREG(status.st_mode) && options->is_loop);
}

/* What mount(8) of the guest would be told. */
static int add_options(struct rootfs_storage *storage, const struct rootfs_mount *mount)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < mount->nr_options; i++)
		if (strcmp(mount->options[i], "loop"))
			r = storage_add_option(storage, mount->options[i]);
	return r;
}

static int add_disk(struct container *container, const struct rootfs_mount *mount,
		    const struct mount_options *options)
{
	struct rootfs *rootfs = container->rootfs;
	struct rootfs_disk *disk = rootfs_new_disk(rootfs, mount->source, SERIAL);
	struct rootfs_storage *storage = disk ? rootfs_new_storage(rootfs) : NULL;

	if (!storage)
		return -ENOMEM;
	disk->read_only = options->flags & MS_RDONLY;
	rootfs->guest_root = strdup(GUEST_DISKS SERIAL);
	if (!rootfs->guest_root ||
	    storage_set(storage, "blk", SERIAL, mount->type, GUEST_DISKS SERIAL) < 0)
		return -ENOMEM;
	return add_options(storage, mount);
}

/* What containerd mounts at or, with a target, below the root. */
static int mount_here(struct container *container, const struct rootfs_mount *mount,
		      const char *point)
{
	struct mount_options options;
	char source[PATH_MAX], target[PATH_MAX];
	int r;

	if (mount_options_parse(mount->options, mount->nr_options, &options) < 0)
		return problem_set(container->problem, -E2BIG, "the root's mount of %.100s has too "
				   "many options", mount->source);
	if (options.is_loop)
		return problem_set(
			container->problem, -EOPNOTSUPP,
			"the root %.100s is an image, and its %s cannot be mounted by the "
			"guest: use ext4, in the first container of a sandbox, without "
			"disable_block_device_use",
			mount->source, mount->type);
	if (snprintf(target, sizeof(target), "%s%s%s", point,
		     mount->target && *mount->target ? "/" : "",
		     mount->target ? mount->target : "") >= (int)sizeof(target))
		return -ENAMETOOLONG;
	if (!mount_options_is_bind(mount->type, &options))
		return mounts_add(mount->type, mount->source, target, &options, container->problem);
	r = container_resolve(container, mount->source, source);
	return r < 0 ? r : mounts_bind(source, target, &options, container->problem);
}

/* "root.path" of config.json. */
static int bind_path(struct container *container, const char *point)
{
	struct mount_options options = { .flags = MS_BIND | MS_REC };
	struct json_object *root, *path;
	char source[PATH_MAX];
	int r;

	if (!json_object_object_get_ex(container->spec, "root", &root) ||
	    !json_object_object_get_ex(root, "path", &path) ||
	    !json_object_is_type(path, json_type_string) || !json_object_get_string_len(path))
		return problem_set(container->problem, -EINVAL,
				   "the container has no root: neither mounts nor root.path");
	r = container_resolve(container, json_object_get_string(path), source);
	return r < 0 ? r : mounts_bind(source, point, &options, container->problem);
}

static int check_target(const struct container *container, const struct rootfs_mount *mount)
{
	const char *target = mount->target ? mount->target : "";

	if (*target == '/' || strstr(target, ".."))
		return problem_set(container->problem, -EINVAL,
				   "the root's mount has the target '%.100s', not below the root",
				   target);
	return 0;
}

static int share(struct container *container, const struct rootfs_mount *mounts, size_t nr)
{
	char point[PATH_MAX];
	int r;

	r = container_make_point(container, "rootfs", true, point);
	if (r == 0 && nr == 0)
		r = bind_path(container, point);
	for (size_t i = 0; r == 0 && i < nr; i++) {
		r = check_target(container, &mounts[i]);
		if (r == 0)
			r = mount_here(container, &mounts[i], point);
	}
	if (r < 0)
		return r;
	if (asprintf(&container->rootfs->guest_root, "%s/rootfs", container->guest_folder) < 0) {
		container->rootfs->guest_root = NULL;
		return -ENOMEM;
	}
	return 0;
}

int container_add_root(struct container *container, const struct rootfs_mount *mounts, size_t nr)
{
	struct mount_options options;

	if (nr == 1 && container->can_plug && !container->config->disable_block_device_use &&
	    mount_options_parse(mounts->options, mounts->nr_options, &options) == 0 &&
	    is_disk(mounts, &options))
		return add_disk(container, mounts, &options);
	return share(container, mounts, nr);
}
