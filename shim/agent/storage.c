// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "log.h"
#include "storage.h"
#include "storage_driver.h"

struct mounted {
	struct mounted *next;
	char *mount_point;
	unsigned int users;
	bool is_mount; /* else a directory */
};

struct storages {
	struct mounted *first;
};

int storages_new(struct storages **ret_storages)
{
	*ret_storages = calloc(1, sizeof(**ret_storages));
	return *ret_storages ? 0 : -ENOMEM;
}

static struct mounted **find(struct storages *storages, const char *mount_point)
{
	struct mounted **link = &storages->first;

	while (*link && strcmp((*link)->mount_point, mount_point))
		link = &(*link)->next;
	return link;
}

/* Newer ones first, since they may lie below older ones. */
static int insert(struct storages *storages, const char *mount_point,
		  bool is_mount)
{
	struct mounted *mounted = calloc(1, sizeof(*mounted));

	if (mounted)
		mounted->mount_point = strdup(mount_point);
	if (!mounted || !mounted->mount_point) {
		free(mounted);
		return -ENOMEM;
	}
	mounted->users = 1;
	mounted->is_mount = is_mount;
	mounted->next = storages->first;
	storages->first = mounted;
	return 0;
}

/* MNT_DETACH: whoever still uses it keeps it as long. */
static void release(struct mounted *mounted)
{
	if (mounted->is_mount && umount2(mounted->mount_point, MNT_DETACH) < 0)
		log_line("cannot unmount %s: %s", mounted->mount_point,
			 strerror(errno));
	free(mounted->mount_point);
	free(mounted);
}

void storages_free(struct storages *storages)
{
	struct mounted *mounted;

	if (!storages)
		return;
	while ((mounted = storages->first)) {
		storages->first = mounted->next;
		release(mounted);
	}
	free(storages);
}

static int check(const Grpc__Storage *storage, struct problem *problem)
{
	const char *at = storage->mount_point;
	size_t length = strlen(at);

	if (*at != '/' || length < 2 || length >= PATH_MAX ||
	    strstr(at, "/../") ||
	    (length >= 3 && !strcmp(at + length - 3, "/..")))
		return problem_set(
			problem, -EINVAL,
			"mount point \"%s\" of a storage is not an absolute path "
			"without \"..\"",
			at);
	if (storage->fs_group)
		return problem_set(
			problem, -EOPNOTSUPP,
			"%s: fs_group of a storage is not supported: set the group "
			"on the host",
			at);
	return 0;
}

int storages_add(struct storages *storages, const Grpc__Storage *storage,
		 struct problem *problem)
{
	const struct storage_driver *driver;
	struct mounted *mounted;
	int r;

	r = check(storage, problem);
	if (r < 0)
		return r;
	mounted = *find(storages, storage->mount_point);
	if (mounted) {
		mounted->users++;
		return 0;
	}
	driver = storage_driver_find(storage->driver);
	if (!driver)
		return problem_set(problem, -EOPNOTSUPP,
				   "%s: no storage driver \"%s\" in this guest",
				   storage->mount_point, storage->driver);
	r = driver->provide(storage, problem);
	if (r < 0)
		return r;
	log_debug("storage %s: %s", storage->mount_point, storage->driver);
	r = insert(storages, storage->mount_point, driver->is_mount);
	if (r < 0 && driver->is_mount)
		umount2(storage->mount_point, MNT_DETACH);
	return r < 0 ? problem_set(problem, r, "out of memory") : 0;
}

void storages_remove(struct storages *storages, const char *mount_point)
{
	struct mounted **link = find(storages, mount_point);
	struct mounted *mounted = *link;

	if (!mounted || --mounted->users)
		return;
	*link = mounted->next;
	release(mounted);
}
