/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container: its bundle, its cgroup, its processes and what was mounted for it. */
#ifndef KBM_AGENT_CONTAINER_H
#define KBM_AGENT_CONTAINER_H

#include "agent.h"
#include "agent.pb-c.h"
#include "config/problem.h"
#include "process.h"

struct container {
	struct container *next;
	struct agent *agent;
	char *id;
	char *bundle; /* directory of config.json, pid files, sockets */
	char *cgroup; /* directory */
	struct process *processes; /* the first is the last of the list */
	struct process *init;
	char **mount_points; /* of storages */
	size_t mount_point_count;
	bool is_made; /* crun knows it */
	bool is_started;
	bool is_removed; /* no more calls; RemoveContainer is at work */
};

/* Makes the bundle's directory. Returns 0, -EEXIST, -EINVAL (id) or another error. */
int container_new(struct agent *agent, const char *id,
		  struct container **ret_container, struct problem *problem);

/* Unmounts, removes files and frees; crun must have forgotten the container. */
void container_free(struct container *container);

/* NULL if there is none, or it is being removed. */
struct container *container_find(struct agent *agent, const char *id);

/* exec_id "" or the container's id is its first process. NULL if there is none. */
struct process *container_find_process(struct container *container,
				       const char *exec_id);

void container_add_process(struct container *container,
			   struct process *process);
void container_remove_process(struct container *container,
			      struct process *process);

/* Frees processes of execs that nobody will ask for again. */
void container_forget_done(struct container *container);

/* Mounts what the request asks for. What was mounted is the container's. */
int container_add_storages(struct container *container,
			   Grpc__Storage *const *storages, size_t count,
			   struct problem *problem);

/* Of a file in the bundle: "<bundle>/<name><suffix>". Returns path. */
const char *container_path(const struct container *container, const char *name,
			   const char *suffix, char *path, size_t size);

#endif
