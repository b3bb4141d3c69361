// SPDX-License-Identifier: GPL-2.0-or-later
#include "poststop.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "address.h"
#include "config/problem.h"
#include "hooks/hooks.h"
#include "spec.h"

#define PREFIX "poststop-"
#define NAME_SIZE 256

static void make_name(char name[NAME_SIZE], const char *id)
{
	snprintf(name, NAME_SIZE, PREFIX "%s", id);
}

int poststop_owe(const char *state_dir, const struct hooks *hooks, const char *id,
		 const char *bundle, struct problem *problem)
{
	struct json_object *spec = hooks_poststop_spec(hooks);
	char name[NAME_SIZE];
	int r;

	make_name(name, id);
	json_object_object_add(spec, "bundle", json_object_new_string(bundle));
	r = address_write(state_dir, name, json_object_to_json_string(spec));
	json_object_put(spec);
	if (r < 0)
		return problem_set(problem, r, "%s/%s: cannot write it: %s", state_dir, name,
				   strerror(-r));
	return 0;
}

void poststop_forget(const char *state_dir, const char *id)
{
	char name[NAME_SIZE], path[PATH_MAX];

	make_name(name, id);
	snprintf(path, sizeof(path), "%s/%s", state_dir, name);
	unlink(path);
}

static void failed(const char *why, void *context)
{
	fprintf(stderr, "%s: %s\n", (const char *)context, why);
}

static void done(const char *why, void *context)
{
	(void)why;
	(void)context;
}

static void run(struct json_object *spec, const char *id, double seconds)
{
	struct json_object *bundle = NULL;
	struct problem problem = { "" };
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct hooks *hooks = NULL;
	struct hooks_state state = { .id = id };

	if (hooks_new(spec, &hooks, &problem) < 0)
		failed(problem.text, (void *)(uintptr_t)id);
	json_object_object_get_ex(spec, "bundle", &bundle);
	state.bundle = bundle ? json_object_get_string(bundle) : "/";
	if (loop && hooks) {
		hooks_run(hooks, HOOKS_POSTSTOP,
			  &(struct hooks_options){ .loop = loop,
						   .state = &state,
						   .seconds = seconds,
						   .failed = failed,
						   .done = done,
						   .context = (void *)(uintptr_t)id });
		ev_run(loop, 0);
	}
	hooks_free(hooks);
	if (loop)
		ev_loop_destroy(loop);
}

static void run_file(const char *state_dir, const char *name, double seconds)
{
	struct problem problem = { "" };
	struct json_object *spec;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", state_dir, name);
	if (spec_read_file(path, &spec, &problem) < 0) {
		fprintf(stderr, "%s\n", problem.text);
		return;
	}
	run(spec, name + strlen(PREFIX), seconds);
	json_object_put(spec);
	unlink(path);
}

void poststop_run_all(const char *state_dir, double seconds)
{
	DIR *folder = opendir(state_dir);
	struct dirent *entry;

	if (!folder)
		return;
	while ((entry = readdir(folder)))
		if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			run_file(state_dir, entry->d_name, seconds);
	closedir(folder);
}
