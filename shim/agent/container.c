// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "container.h"
#include "files.h"
#include "oom.h"
#include "storage.h"

static int name_container(struct container *container, const char *id)
{
	if (asprintf(&container->bundle, AGENT_RUN_DIR "/containers/%s", id) <
	    0)
		container->bundle = NULL;
	if (asprintf(&container->cgroup, CGROUP_ROOT AGENT_CGROUP "/%s", id) <
	    0)
		container->cgroup = NULL;
	container->id = strdup(id);
	return container->bundle && container->cgroup && container->id ?
		       0 :
		       -ENOMEM;
}

static void free_memory(struct container *container)
{
	free(container->bundle);
	free(container->cgroup);
	free(container->id);
	free(container->mount_points);
	free(container);
}

/* One that is being removed still has its name. */
static bool is_taken(struct agent *agent, const char *id)
{
	for (struct container *at = agent->containers; at; at = at->next)
		if (!strcmp(at->id, id))
			return true;
	return false;
}

int container_new(struct agent *agent, const char *id,
		  struct container **ret_container, struct problem *problem)
{
	struct container *container;
	int r;

	if (name_check(id) < 0)
		return problem_set(problem, -EINVAL,
				   "\"%.80s\" is no container id", id);
	if (is_taken(agent, id))
		return problem_set(problem, -EEXIST, "container %s exists", id);
	container = calloc(1, sizeof(*container));
	r = container ? name_container(container, id) : -ENOMEM;
	if (r >= 0)
		r = directory_make(container->bundle, 0700);
	if (r < 0) {
		if (container)
			free_memory(container);
		return problem_set(problem, r, "cannot make container %s: %s",
				   id, strerror(-r));
	}
	container->agent = agent;
	container->next = agent->containers;
	agent->containers = container;
	*ret_container = container;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type,
			struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	remove(path);
	return 0;
}

static void unlink_container(struct container *container)
{
	struct container **link = &container->agent->containers;

	while (*link != container)
		link = &(*link)->next;
	*link = container->next;
}

void container_free(struct container *container)
{
	struct process *process;

	oom_watch_remove(container->agent->oom, container->id);
	while ((process = container->processes)) {
		container->processes = process->next;
		process_free(process);
	}
	while (container->mount_point_count) {
		char *mount_point =
			container->mount_points[--container->mount_point_count];

		storages_remove(container->agent->storages, mount_point);
		free(mount_point);
	}
	nftw(container->bundle, remove_entry, 8,
	     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	unlink_container(container);
	free_memory(container);
}

struct container *container_find(struct agent *agent, const char *id)
{
	for (struct container *at = agent->containers; at; at = at->next)
		if (!strcmp(at->id, id) && !at->is_removed)
			return at;
	return NULL;
}

struct process *container_find_process(struct container *container,
				       const char *exec_id)
{
	if (!*exec_id || !strcmp(exec_id, container->id))
		return container->init;
	for (struct process *at = container->processes; at; at = at->next)
		if (!strcmp(at->id, exec_id))
			return at;
	return NULL;
}

void container_add_process(struct container *container, struct process *process)
{
	process->next = container->processes;
	container->processes = process;
}

void container_remove_process(struct container *container,
			      struct process *process)
{
	struct process **link = &container->processes;

	while (*link != process)
		link = &(*link)->next;
	*link = process->next;
	if (container->init == process)
		container->init = NULL;
	process_free(process);
}

void container_forget_done(struct container *container)
{
	struct process *next;

	for (struct process *at = container->processes; at; at = next) {
		next = at->next;
		if (at != container->init && process_is_done(at))
			container_remove_process(container, at);
	}
}

int container_add_storages(struct container *container,
			   Grpc__Storage *const *storages, size_t count,
			   struct problem *problem)
{
	int r;

	container->mount_points = calloc(count + 1, sizeof(char *));
	if (!container->mount_points)
		return problem_set(problem, -ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		char *mount_point = strdup(storages[i]->mount_point);

		r = mount_point ? storages_add(container->agent->storages,
					       storages[i], problem) :
				  -ENOMEM;
		if (r < 0) {
			free(mount_point);
			return r;
		}
		container->mount_points[container->mount_point_count++] =
			mount_point;
	}
	return 0;
}

const char *container_path(const struct container *container, const char *name,
			   const char *suffix, char *path, size_t size)
{
	snprintf(path, size, "%s/%s%s", container->bundle, name, suffix);
	return path;
}
