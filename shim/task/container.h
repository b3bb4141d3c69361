/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a shim knows: its containers and their processes. Nothing is asked here. */
#ifndef KBM_SHIM_CONTAINER_H
#define KBM_SHIM_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <ev.h>

#include "oci.pb-c.h"
#include "pod.h"
#include "process_stdio.h"
#include "task_hooks.h"

struct agent_call;
struct shim;
struct ttrpc_call;

enum process_state {
	PROCESS_CREATING, /* Create is under way: nobody may rely on it yet */
	PROCESS_CREATED,
	PROCESS_STARTING, /* Start is under way */
	PROCESS_RUNNING,
	PROCESS_STOPPED, /* and its exit has been told */
};

struct process {
	struct process *next;
	struct container *container;
	/* "": the container's first. */
	char *exec_id;
	enum process_state state;
	/* As containerd named them. */
	char *stdin_;
	char *stdout_;
	char *stderr_;
	bool terminal;
	struct stdio *stdio;
	/* Of an exec, until it has been started. */
	Grpc__Process *spec;
	uint32_t pid;
	/* It has ended, with this; output may still be on its way. */
	bool exited;
	uint32_t exit_status;
	struct timespec exited_at;
	/* WaitProcess. */
	struct agent_call *wait;
	/* While output drains: how much had been written at the last look. */
	ev_timer drain;
	uint64_t drained;
	/* Who waits for its end. */
	struct ttrpc_call **waiters;
	size_t nr_waiters;
};

struct container {
	struct container *next;
	struct shim *shim;
	char *id;
	char *bundle;
	enum pod_role role;
	/* The pod itself: no process in the guest, which stands for it. */
	bool virtual_;
	bool paused;
	/* Delete is under way. */
	bool deleting;
	/* It has a folder below the shared one, a container in the guest. */
	bool mounted;
	bool in_guest;
	struct container_hooks hooks;
	struct process init;
	struct process *execs;
};

/* Strings are copied; the container is linked into the shim's list. */
struct container *container_new(struct shim *shim, const char *id, const char *bundle,
				enum pod_role role);
struct container *container_find(struct shim *shim, const char *id);

/* Unlinks it, with all its processes. Who waits hears that it is gone. */
void container_free(struct container *container);

/* NULL: not there. @exec_id "" is the first process. */
struct process *container_find_process(struct container *container, const char *exec_id);

/* Only in a container that is there; the names are copied. */
struct process *container_add_exec(struct container *container, const char *exec_id,
				   const struct stdio_names *names);
void container_remove_exec(struct process *process);

/* Copies the names into a process. */
void process_set_names(struct process *process, const struct stdio_names *names);

#endif
