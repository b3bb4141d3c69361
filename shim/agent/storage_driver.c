// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
#include "files.h"
#include "mount_options.h"
#include "storage.h"
#include "storage_driver.h"

#define DATA_SIZE 4096 /* a page: what mount(2) takes */

/* The target is a directory, except for a bind of something else. */
static int make_target(const char *source, const char *target)
{
	char parent[PATH_MAX];
	struct stat status;
	int fd, r;

	if (!source || stat(source, &status) < 0 || S_ISDIR(status.st_mode))
		return directory_make(target, 0755);
	snprintf(parent, sizeof(parent), "%s", target);
	*strrchr(parent, '/') = '\0';
	r = *parent ? directory_make(parent, 0755) : 0;
	if (r < 0)
		return r;
	fd = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int mount_with(const Grpc__Storage *storage, const char *source,
		      const char *type, unsigned long more_flags,
		      const char *more_data, struct problem *problem)
{
	const char *target = storage->mount_point;
	unsigned long flags;
	char data[DATA_SIZE];
	size_t used = strlen(more_data);
	int r;

	memcpy(data, more_data, used);
	r = mount_options_parse(storage->options, storage->n_options, &flags,
				data + used, sizeof(data) - used);
	if (r >= 0)
		r = make_target(more_flags & MS_BIND ? source : NULL, target);
	if (r >= 0 && mount(source, target, type, flags | more_flags, data) < 0)
		r = -errno;
	/* A bind takes these flags only in a second step. */
	if (r >= 0 && more_flags & MS_BIND && flags & ~(MS_BIND | MS_REC) &&
	    mount(NULL, target, NULL, MS_REMOUNT | MS_BIND | flags, NULL) < 0) {
		r = -errno;
		umount2(target, MNT_DETACH);
	}
	if (r < 0)
		return problem_set(problem, r,
				   "cannot mount %s (%s, %s) at %s: %s", source,
				   type ? type : "bind", data, target,
				   strerror(-r));
	return 0;
}

static int provide_9p(const Grpc__Storage *storage, struct problem *problem)
{
	bool has_transport = false;

	for (size_t i = 0; i < storage->n_options; i++)
		has_transport |= !strncmp(storage->options[i], "trans=", 6);
	return mount_with(storage, storage->source, "9p", 0,
			  has_transport ? "" : "trans=virtio,version=9p2000.L,",
			  problem);
}

static int provide_virtio_fs(const Grpc__Storage *storage,
			     struct problem *problem)
{
	return mount_with(storage, storage->source, "virtiofs", 0, "", problem);
}

static int provide_block(const Grpc__Storage *storage, struct problem *problem)
{
	char node[64];
	int r;

	if (!strncmp(storage->source, "/dev/", 5))
		return mount_with(storage, storage->source, storage->fstype, 0,
				  "", problem);
	r = block_find(storage->source, node, sizeof(node));
	if (r < 0)
		return problem_set(
			problem, r,
			"the guest has no block device with serial \"%s\" (for %s)",
			storage->source, storage->mount_point);
	return mount_with(storage, node, storage->fstype, 0, "", problem);
}

static int provide_ephemeral(const Grpc__Storage *storage,
			     struct problem *problem)
{
	return mount_with(storage, "tmpfs",
			  *storage->fstype ? storage->fstype : "tmpfs", 0, "",
			  problem);
}

static int provide_bind(const Grpc__Storage *storage, struct problem *problem)
{
	return mount_with(storage, storage->source, NULL, MS_BIND | MS_REC, "",
			  problem);
}

static int provide_overlay(const Grpc__Storage *storage,
			   struct problem *problem)
{
	return mount_with(storage, "overlay", "overlay", 0, "", problem);
}

static int provide_local(const Grpc__Storage *storage, struct problem *problem)
{
	mode_t mode = 0755;
	int r;

	for (size_t i = 0; i < storage->n_options; i++)
		if (!strncmp(storage->options[i], "mode=", 5))
			mode = strtoul(storage->options[i] + 5, NULL, 8) &
			       07777;
	r = directory_make(storage->mount_point, mode);
	if (r >= 0 && chmod(storage->mount_point, mode) < 0)
		r = -errno;
	return r < 0 ? problem_set(problem, r,
				   "cannot make the directory %s: %s",
				   storage->mount_point, strerror(-r)) :
		       0;
}

static const struct storage_driver drivers[] = {
	{ "9p", true, provide_9p },
	{ "virtio-fs", true, provide_virtio_fs },
	{ "blk", true, provide_block },
	{ "ephemeral", true, provide_ephemeral },
	{ "bind", true, provide_bind },
	{ "overlayfs", true, provide_overlay },
	{ "local", false, provide_local },
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

const struct storage_driver *storage_driver_find(const char *name)
{
	for (size_t i = 0; i < DRIVERS; i++)
		if (!strcmp(drivers[i].name, name))
			return &drivers[i];
	return NULL;
}

const char *const *storage_driver_names(size_t *ret_count)
{
	static const char *names[DRIVERS];

	for (size_t i = 0; i < DRIVERS; i++)
		names[i] = drivers[i].name;
	*ret_count = DRIVERS;
	return names;
}
