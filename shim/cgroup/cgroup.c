// SPDX-License-Identifier: GPL-2.0-or-later
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "hierarchies.h"

#define PAUSE_NSEC 20000000

struct cgroup {
	struct hierarchies hierarchies;
	char *path;
};

static int write_file(const char *folder, const char *name, const char *text)
{
	cleanup_close int fd = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static ssize_t read_file(const char *folder, const char *name, char *text, size_t size)
{
	cleanup_close int fd = -1;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : read(fd, text, size);
}

/* In a v1 cpuset nobody can be as long as it has no CPUs and nodes. */
static int inherit_cpuset(const char *parent, const char *child)
{
	static const char *const names[] = { "cpuset.cpus", "cpuset.mems" };
	char text[4096] = "";
	int r = 0;

	for (int i = 0; r == 0 && i < 2; i++) {
		ssize_t n = read_file(child, names[i], text, sizeof(text) - 1);

		/* Of v2, or of somebody who has set it. */
		if (n <= 0 || *text != '\n')
			continue;
		n = read_file(parent, names[i], text, sizeof(text) - 1);
		if (n < 0)
			return (int)n;
		text[n] = 0;
		r = write_file(child, names[i], text);
	}
	return r;
}

/* All of @path below @root, which is there. */
static int make(const char *root, const char *path, char made[PATH_MAX])
{
	char parent[PATH_MAX];
	size_t at = strlen(root);
	int r = 0;

	if (snprintf(made, PATH_MAX, "%s%s", root, path) >= PATH_MAX)
		return -ENAMETOOLONG;
	while (r == 0 && made[at]) {
		size_t next = at + 1 + strcspn(made + at + 1, "/");
		char byte = made[next];

		snprintf(parent, sizeof(parent), "%.*s", (int)at, made);
		made[next] = 0;
		if (mkdir(made, 0755) < 0 && errno != EEXIST)
			r = -errno;
		if (r == 0 && strstr(root, "cpuset"))
			r = inherit_cpuset(parent, made);
		made[next] = byte;
		at = next;
	}
	return r;
}

static int enter(const struct hierarchy *hierarchy, const char *path, struct problem *problem)
{
	char folder[PATH_MAX];
	int r = make(hierarchy->root, path, folder);

	/* "0" is whoever writes it, with all threads. */
	if (r == 0)
		r = write_file(folder, "cgroup.procs", "0");
	if (r < 0)
		return problem_set(problem, r, "sandbox_cgroup_only: cannot enter %s: %s", folder,
				   strerror(-r));
	return 0;
}

/* Nothing there: 0. */
static int remove_from(const struct hierarchy *hierarchy, const char *path)
{
	char folder[PATH_MAX];

	if (snprintf(folder, sizeof(folder), "%s%s", hierarchy->root, path) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	return rmdir(folder) < 0 && errno != ENOENT ? -errno : 0;
}

/* Where this process was; if that is gone, there is still the root. */
static void move_back(const struct hierarchy *hierarchy, const char *pid)
{
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%s%s", hierarchy->root, hierarchy->here);
	if (write_file(folder, "cgroup.procs", pid) < 0)
		write_file(hierarchy->root, "cgroup.procs", pid);
}

/* This process, and what it has started and not waited for, as loggers. */
static void empty(const struct hierarchy *hierarchy, const char *path)
{
	char name[PATH_MAX], pid[32];
	FILE *file;

	snprintf(name, sizeof(name), "%s%s/cgroup.procs", hierarchy->root, path);
	file = fopen(name, "re");
	if (!file)
		return;
	while (fgets(pid, sizeof(pid), file))
		move_back(hierarchy, pid);
	fclose(file);
}

int cgroup_join(const char *path, struct cgroup **ret, struct problem *problem)
{
	struct cgroup *cgroup = calloc(1, sizeof(*cgroup));
	int r = cgroup ? hierarchies_read(&cgroup->hierarchies) : -ENOMEM;

	if (r < 0) {
		free(cgroup);
		return problem_set(problem, r, "sandbox_cgroup_only: no cgroups: %s", strerror(-r));
	}
	cgroup->path = strdup(path);
	r = cgroup->path ? 0 : -ENOMEM;
	for (size_t i = 0; r == 0 && i < cgroup->hierarchies.nr; i++)
		r = enter(&cgroup->hierarchies.all[i], path, problem);
	if (r < 0)
		cgroup_leave(cgroup);
	else
		*ret = cgroup;
	return r;
}

struct cgroup *cgroup_leave(struct cgroup *cgroup)
{
	if (!cgroup)
		return NULL;
	for (size_t i = 0; cgroup->path && i < cgroup->hierarchies.nr; i++) {
		empty(&cgroup->hierarchies.all[i], cgroup->path);
		remove_from(&cgroup->hierarchies.all[i], cgroup->path);
	}
	hierarchies_done(&cgroup->hierarchies);
	free(cgroup->path);
	free(cgroup);
	return NULL;
}

static int remove_all(const struct hierarchies *hierarchies, const char *path)
{
	int r = 0;

	for (size_t i = 0; i < hierarchies->nr; i++) {
		int one = remove_from(&hierarchies->all[i], path);

		r = one < 0 ? one : r;
	}
	return r;
}

int cgroup_remove(const char *path, double seconds, struct problem *problem)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NSEC };
	struct hierarchies hierarchies;
	int r = hierarchies_read(&hierarchies);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = remove_all(&hierarchies, path);
	for (int pauses = (int)(seconds * 1e9 / PAUSE_NSEC); r == -EBUSY && pauses; pauses--) {
		nanosleep(&pause, NULL);
		r = remove_all(&hierarchies, path);
	}
	for (size_t i = 0; r == -EBUSY && i < hierarchies.nr; i++)
		empty(&hierarchies.all[i], path);
	if (r == -EBUSY)
		r = remove_all(&hierarchies, path);
	hierarchies_done(&hierarchies);
	if (r < 0)
		return problem_set(problem, r, "cgroup %s: cannot remove it: %s", path,
				   strerror(-r));
	return 0;
}
