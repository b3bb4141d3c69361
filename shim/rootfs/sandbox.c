// SPDX-License-Identifier: GPL-2.0-or-later
/* What all containers of a sandbox have in common. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/problem.h"
#include "mounts.h"
#include "rootfs.h"
#include "storage.h"

/*
 * For directories and empty files alone: mount points. Inside the guest root of a user
 * namespace, who is nobody outside of it, has to get through; here the folder above is closed.
 */
#define OWN_OPTIONS	"size=1m,nr_inodes=16384,mode=0711"
#define SHM_BYTES	(64ULL << 20)

int rootfs_unshare(struct problem *problem)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
		return problem_set(problem, -errno, "cannot make a mount namespace: %s",
				   strerror(errno));
	return 0;
}

static int make_folder(const char *path, struct problem *problem)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return problem_set(problem, -errno, "%s: cannot make it: %s", path,
				   strerror(errno));
	return 0;
}

/* A small file system of our own, whose mounts show up in views of it. */
static int mount_own(const char *own, struct problem *problem)
{
	if (mount("kata-bm", own, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, OWN_OPTIONS) < 0 ||
	    mount(NULL, own, NULL, MS_SHARED, NULL) < 0)
		return problem_set(problem, -errno, "cannot mount a tmpfs at %s: %s", own,
				   strerror(errno));
	return 0;
}

static int mount_view(const char *own, const char *shared, struct problem *problem)
{
	if (mount(own, shared, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, shared, NULL, MS_SLAVE, NULL) < 0 ||
	    mount(NULL, shared, NULL,
		  MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return problem_set(problem, -errno, "cannot show %s at %s: %s", own, shared,
				   strerror(errno));
	return 0;
}

int rootfs_own_path(char path[PATH_MAX], const char *shared, struct problem *problem)
{
	if (*shared != '/' ||
	    snprintf(path, PATH_MAX, "%s.rw", shared) > PATH_MAX - ROOTFS_PATH_ROOM)
		return problem_set(problem, -ENAMETOOLONG,
				   "%.100s: not an absolute path, or a long one", shared);
	return 0;
}

int rootfs_open_sandbox(const char *shared, struct problem *problem)
{
	char own[PATH_MAX];
	int r;

	r = rootfs_own_path(own, shared, problem);
	if (r == 0)
		r = make_folder(own, problem);
	if (r == 0)
		r = make_folder(shared, problem);
	if (r == 0)
		r = mount_own(own, problem);
	if (r == 0)
		r = mount_view(own, shared, problem);
	if (r < 0)
		rootfs_remove_all(shared, NULL);
	return r;
}

int rootfs_remove_all(const char *shared, struct problem *problem)
{
	char own[PATH_MAX];
	int r;

	r = rootfs_own_path(own, shared, problem);
	if (r == 0)
		r = mounts_remove(shared, problem);
	if (r == 0)
		r = mounts_remove(own, problem);
	if (r < 0)
		return r;
	if ((rmdir(shared) < 0 && errno != ENOENT) || (rmdir(own) < 0 && errno != ENOENT))
		return problem_set(problem, -errno, "%s: cannot remove it: %s", shared,
				   strerror(errno));
	return 0;
}

/* The share, as the guest's kernel mounts it. */
static int add_share(const struct config *config, struct rootfs_storage *storage)
{
	char size[32];
	int r;

	snprintf(size, sizeof(size), "msize=%u", config->msize_9p);
	r = storage_set(storage, "9p", ROOTFS_TAG, "9p", ROOTFS_GUEST_SHARED);
	if (r == 0)
		r = storage_add_option(storage, "trans=virtio");
	if (r == 0)
		r = storage_add_option(storage, "version=9p2000.L");
	/* Files may be mapped for writing: databases do so. */
	if (r == 0)
		r = storage_add_option(storage, "cache=mmap");
	return r < 0 ? r : storage_add_option(storage, size);
}

static int add_shm(unsigned long long bytes, struct rootfs_storage *storage)
{
	char size[40];
	int r;

	snprintf(size, sizeof(size), "size=%llu", bytes ? bytes : SHM_BYTES);
	r = storage_set(storage, "ephemeral", "shm", "tmpfs", ROOTFS_GUEST_SHM);
	if (r == 0)
		r = storage_add_option(storage, "mode=1777");
	return r < 0 ? r : storage_add_option(storage, size);
}

int rootfs_sandbox_storages(const struct config *config, unsigned long long shm_bytes,
			    struct rootfs_storage **ret, size_t *ret_nr)
{
	struct rootfs_storage *storages = calloc(2, sizeof(*storages));
	int r;

	if (!storages)
		return -ENOMEM;
	r = add_share(config, &storages[0]);
	if (r == 0)
		r = add_shm(shm_bytes, &storages[1]);
	if (r < 0) {
		rootfs_free_storages(storages, 2);
		return r;
	}
	*ret = storages;
	*ret_nr = 2;
	return 0;
}
