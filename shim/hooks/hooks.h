/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OCI hooks: programs that config.json names, to be run at points of a container's
 * life. Here are those of the runtime's own namespaces; createContainer and
 * startContainer belong to the container's, which are in the guest.
 */
#ifndef KBM_SHIM_HOOKS_H
#define KBM_SHIM_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ev.h>

struct hooks;
struct hooks_run;
struct json_object;
struct problem;

/* More at one point are refused. */
#define HOOKS_MAX 64

enum hooks_point {
	/* Both before the container is there; a failure ends its creation. */
	HOOKS_PRESTART,
	HOOKS_CREATE_RUNTIME,
	/* A failure is told, and the rest goes on. */
	HOOKS_POSTSTART,
	HOOKS_POSTSTOP,
	/* Not run: only hooks_have() knows them. */
	HOOKS_CREATE_CONTAINER,
	HOOKS_START_CONTAINER,
	HOOKS_NR_POINTS,
};

/* As OCI calls it. */
const char *hooks_point_name(enum hooks_point point);

/**
 * hooks_new - the hooks of a config.json
 * @spec:	what is needed of it is kept by references: it must not be changed there.
 * @ret:	NULL: it has none.
 *
 * -EINVAL: one of them cannot be run; @problem says which and why.
 */
int hooks_new(struct json_object *spec, struct hooks **ret, struct problem *problem);

bool hooks_have(const struct hooks *hooks, enum hooks_point point);

/*
 * What has to be kept for running the poststop hooks without the bundle: a
 * config.json with little else, for hooks_new(). Free with json_object_put().
 */
struct json_object *hooks_poststop_spec(const struct hooks *hooks);

/* NULL is fine. */
struct hooks *hooks_free(struct hooks *hooks);

/* What a hook is told; needed during the call only. */
struct hooks_state {
	const char *id;
	const char *bundle;
	/* 0: there is none (any more), and so it is left out. */
	pid_t pid;
};

struct hooks_options {
	struct ev_loop *loop;
	const struct hooks_state *state;
	/* Seconds for a hook that has no timeout of its own. */
	double seconds;
	/* Poststart and poststop: a hook has failed, @why; others follow. */
	void (*failed)(const char *why, void *context);
	/*
	 * All have been run, @why NULL; or one has failed, or hooks_stop() was called.
	 * The run is gone then. From the loop, never from within hooks_run().
	 */
	void (*done)(const char *why, void *context);
	void *context;
};

/**
 * hooks_run - run the hooks of one point, one after the other
 *
 * Each has the state as JSON on its standard input, the bundle as its working
 * directory, its own environment alone, a session of its own, and no other
 * descriptors of ours. It is killed, with its process group, at its timeout, and
 * it does not outlive this process. A point without hooks is done soon, too.
 */
struct hooks_run *hooks_run(const struct hooks *hooks, enum hooks_point point,
			    const struct hooks_options *options);

/* Kills the one that runs; done() comes with @why. */
void hooks_stop(struct hooks_run *run, const char *why);

/* Kills and reaps it, and done() does not come. NULL is fine. */
struct hooks_run *hooks_run_free(struct hooks_run *run);

#endif
