/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OCI hooks in the life of a container: when they run, and what is owed at its end. */
#ifndef KBM_SHIM_TASK_HOOKS_H
#define KBM_SHIM_TASK_HOOKS_H

#include <stdbool.h>
#include <sys/types.h>

struct container;
struct hooks;
struct hooks_run;
struct json_object;
struct problem;
struct shim;

/* Part of a container. */
struct container_hooks {
	/* NULL: it has none. */
	struct hooks *list;
	/* Those that run now. */
	struct hooks_run *run;
	/* They are those of the creation. */
	bool creating;
	/* What these know as the container's process; 0: none. */
	pid_t stand_in;
	/* The creation has begun, and so poststop hooks will have to be run. */
	bool poststop_owed;
	void (*created)(const char *why, void *context);
	void (*done)(void *context);
	void *context;
};

/* Takes them out of @spec. -EINVAL: not usable. */
int task_hooks_read(struct container *container, struct json_object *spec, struct problem *problem);

/* It has hooks that may fill its network before a guest is started with it. */
bool task_hooks_wait_for(const struct container *container);

/*
 * Runs prestart and createRuntime. They find @netns (NULL: ours) by the process in
 * their state. On 0 @created is called once, perhaps before this returns: with NULL,
 * or why the container cannot be. From here on poststop hooks are owed.
 */
int task_hooks_create(struct container *container, const char *netns,
		      void (*created)(const char *why, void *context), void *context,
		      struct problem *problem);

/* Ends task_hooks_create(), if it is under way: @created comes. Return: it was. */
bool task_hooks_stop(struct container *container, const char *why);

/* Runs poststart, if there is any. @done is called once, perhaps before this returns. */
void task_hooks_start(struct container *container, void (*done)(void *context), void *context);

/* Runs poststop, if it is owed. As task_hooks_start(). */
void task_hooks_end(struct container *container, void (*done)(void *context), void *context);

/* The same for all containers of a shim that ends; waits for them. */
void task_hooks_end_all(struct shim *shim);

/* Kills what runs, and forgets all. */
void task_hooks_done(struct container_hooks *hooks);

#endif
