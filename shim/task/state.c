// SPDX-License-Identifier: GPL-2.0-or-later
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "address.h"
#include "config/problem.h"

#define FILE_SHIM "shim"
#define FILE_NETNS "netns"
#define FILE_CGROUP "cgroup"

char *state_path(const char *namespace_, const char *id)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s", STATE_DIRECTORY, namespace_, id) < 0)
		abort();
	return path;
}

char *state_shared_path(const char *state_dir)
{
	char *path;

	if (asprintf(&path, "%s/shared", state_dir) < 0)
		abort();
	return path;
}

/* Field 22 of /proc/PID/stat, after the name, which may hold anything; 0: none. */
static unsigned long long start_time(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[32], text[1024];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (address_read(path, "stat", text, sizeof(text)) < 0)
		return 0;
	at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoull(at, NULL, 10);
	return ticks;
}

static int make_parents(char *path)
{
	for (char *at = path + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int state_make(const char *state_dir, struct problem *problem)
{
	cleanup_free char *path = strdup(state_dir);
	char text[64];
	int r = path ? make_parents(path) : -ENOMEM;

	if (!r) {
		snprintf(text, sizeof(text), "%d %llu\n", getpid(), start_time(getpid()));
		r = address_write(state_dir, FILE_SHIM, text);
	}
	if (r < 0)
		return problem_set(problem, r, "%s: cannot make it: %s", state_dir, strerror(-r));
	return 0;
}

int state_write_netns(const char *state_dir, const char *netns)
{
	return address_write(state_dir, FILE_NETNS, netns);
}

int state_read_netns(const char *state_dir, char *ret_netns, size_t size)
{
	return address_read(state_dir, FILE_NETNS, ret_netns, size);
}

int state_write_cgroup(const char *state_dir, const char *path)
{
	return address_write(state_dir, FILE_CGROUP, path);
}

int state_read_cgroup(const char *state_dir, char *ret_path, size_t size)
{
	return address_read(state_dir, FILE_CGROUP, ret_path, size);
}

pid_t state_find_shim(const char *state_dir)
{
	unsigned long long started;
	char text[64];
	int pid;

	if (address_read(state_dir, FILE_SHIM, text, sizeof(text)) < 0 ||
	    sscanf(text, "%d %llu", &pid, &started) != 2 || pid <= 1)
		return 0;
	return started && start_time(pid) == started ? pid : 0;
}

static int remove_files(const char *state_dir)
{
	DIR *folder = opendir(state_dir);
	struct dirent *entry;

	if (!folder)
		return -errno;
	/* Folders are left, and rmdir() will say so. */
	while ((entry = readdir(folder)))
		if (entry->d_type != DT_DIR)
			unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	return rmdir(state_dir) < 0 ? -errno : 0;
}

int state_remove(const char *state_dir, struct problem *problem)
{
	cleanup_free char *parent = NULL;
	int r = remove_files(state_dir);

	if (r < 0 && r != -ENOENT)
		return problem_set(problem, r, "%s: cannot remove it: %s", state_dir, strerror(-r));
	/* The namespace's, when this was its last. */
	parent = strndup(state_dir, (size_t)(strrchr(state_dir, '/') - state_dir));
	if (parent)
		rmdir(parent);
	return 0;
}
