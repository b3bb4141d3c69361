/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of hooks/. */
#ifndef KBM_SHIM_HOOKS_PRIVATE_H
#define KBM_SHIM_HOOKS_PRIVATE_H

#include <ev.h>

#include "hooks.h"

/* Of what a hook says on its standard error, its end is kept. */
#define HOOK_WORDS_SIZE 512

struct hooks {
	/* "hooks", "ociVersion" and "annotations" of config.json. */
	struct json_object *spec;
};

/* The hooks of one point, an array; NULL: none. */
struct json_object *hooks_at(const struct hooks *hooks, enum hooks_point point);

/* Of one hook: what hooks_new() has checked. @ret: up to NULL, to be freed; not the words. */
const char *hook_path(struct json_object *hook);
int hook_words(struct json_object *hook, const char *key, char ***ret);
/* Seconds; @otherwise if it has none. */
double hook_seconds(struct json_object *hook, double otherwise);

/* A text for a hook's standard input; to be freed. NULL: no memory. */
char *hooks_state_text(const struct hooks *hooks, enum hooks_point point,
		       const struct hooks_state *state);

/* A hook that runs. */
struct hook_process {
	pid_t pid;
	int pidfd;
	/* Our end of its standard error. */
	int errors;
};

/**
 * hook_process_start - run a program
 * @input:	for its standard input.
 * @folder:	to be in; if it is not there, the root.
 *
 * That it cannot be executed shows on its standard error, with status 127.
 */
int hook_process_start(struct json_object *hook, const char *input, const char *folder,
		       struct hook_process *ret);

/* SIGKILL, for it and what it has started, as far as that is in its group. */
void hook_process_kill(const struct hook_process *process);

/* Waits for its end, which is near. Text of how it ended; "": with status 0. */
void hook_process_reap(struct hook_process *process, char *ret_how, size_t size);

#endif
