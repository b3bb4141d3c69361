// SPDX-License-Identifier: GPL-2.0-or-later
#include "task_hooks.h"

#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"
#include "container.h"
#include "hooks/hooks.h"
#include "network/network.h"
#include "poststop.h"
#include "shim.h"
#include "shim_log.h"

/* Seconds for each poststop hook when the shim ends: containerd waits 3 for that. */
#define LAST_SECONDS 2.

static void say_not_run(const struct hooks *hooks, enum hooks_point point)
{
	if (hooks_have(hooks, point))
		shim_log(SHIM_LOG_WARNING,
			 "config.json: hooks.%s: not run: it belongs into the container's "
			 "namespaces, which are in the guest, and its program is not",
			 hooks_point_name(point));
}

int task_hooks_read(struct container *container, struct json_object *spec, struct problem *problem)
{
	int r = hooks_new(spec, &container->hooks.list, problem);

	if (r < 0)
		return r;
	json_object_object_del(spec, "hooks");
	say_not_run(container->hooks.list, HOOKS_CREATE_CONTAINER);
	say_not_run(container->hooks.list, HOOKS_START_CONTAINER);
	return 0;
}

bool task_hooks_wait_for(const struct container *container)
{
	return hooks_have(container->hooks.list, HOOKS_PRESTART) ||
	       hooks_have(container->hooks.list, HOOKS_CREATE_RUNTIME);
}

static void run(struct container *container, enum hooks_point point, pid_t pid, double seconds,
		void (*failed)(const char *why, void *context),
		void (*done)(const char *why, void *context))
{
	const struct hooks_state state = { .id = container->id,
					   .bundle = container->bundle,
					   .pid = pid };
	const struct hooks_options options = {
		.loop = container->shim->loop,
		.state = &state,
		.seconds = seconds,
		.failed = failed,
		.done = done,
		.context = container,
	};

	container->hooks.run = hooks_run(container->hooks.list, point, &options);
}

static double usual_seconds(const struct container *container)
{
	return container->shim->config->create_container_timeout;
}

static void create_done(const char *why, void *context)
{
	struct container *container = context;
	struct container_hooks *hooks = &container->hooks;

	hooks->run = NULL;
	hooks->creating = false;
	network_release(hooks->stand_in);
	hooks->stand_in = 0;
	hooks->created(why, hooks->context);
}

static void prestart_done(const char *why, void *context)
{
	struct container *container = context;

	if (why)
		create_done(why, container);
	else
		run(container, HOOKS_CREATE_RUNTIME, container->hooks.stand_in,
		    usual_seconds(container), NULL, create_done);
}

int task_hooks_create(struct container *container, const char *netns,
		      void (*created)(const char *why, void *context), void *context,
		      struct problem *problem)
{
	struct container_hooks *hooks = &container->hooks;
	int r;

	hooks->created = created;
	hooks->context = context;
	if (hooks_have(hooks->list, HOOKS_POSTSTOP)) {
		r = poststop_owe(container->shim->state_dir, hooks->list, container->id,
				 container->bundle, problem);
		if (r < 0)
			return r;
		hooks->poststop_owed = true;
	}
	if (!task_hooks_wait_for(container)) {
		created(NULL, context);
		return 0;
	}
	r = network_hold(netns, &hooks->stand_in, problem);
	if (r < 0)
		return r;
	hooks->creating = true;
	run(container, HOOKS_PRESTART, hooks->stand_in, usual_seconds(container), NULL,
	    prestart_done);
	return 0;
}

bool task_hooks_stop(struct container *container, const char *why)
{
	if (!container->hooks.creating)
		return false;
	hooks_stop(container->hooks.run, why);
	return true;
}

/* OCI: the lifecycle goes on as if it had not. */
static void failed(const char *why, void *context)
{
	const struct container *container = context;

	shim_log(SHIM_LOG_WARNING, "%s: %s", container->id, why);
}

static void start_done(const char *why, void *context)
{
	struct container_hooks *hooks = &((struct container *)context)->hooks;

	(void)why;
	hooks->run = NULL;
	hooks->done(hooks->context);
}

void task_hooks_start(struct container *container, void (*done)(void *context), void *context)
{
	struct container_hooks *hooks = &container->hooks;

	if (!hooks_have(hooks->list, HOOKS_POSTSTART)) {
		done(context);
		return;
	}
	hooks->done = done;
	hooks->context = context;
	run(container, HOOKS_POSTSTART, (pid_t)container->init.pid, usual_seconds(container),
	    failed, start_done);
}

static void end_done(const char *why, void *context)
{
	struct container *container = context;

	poststop_forget(container->shim->state_dir, container->id);
	start_done(why, container);
}

static void end(struct container *container, double seconds, void (*done)(void *context),
		void *context)
{
	struct container_hooks *hooks = &container->hooks;

	hooks->poststop_owed = false;
	hooks->done = done;
	hooks->context = context;
	run(container, HOOKS_POSTSTOP, 0, seconds, failed, end_done);
}

void task_hooks_end(struct container *container, void (*done)(void *context), void *context)
{
	/* A creation that failed early has not even a configuration. */
	if (container->hooks.poststop_owed)
		end(container, usual_seconds(container), done, context);
	else
		done(context);
}

static void stop_loop(void *context)
{
	ev_break(context, EVBREAK_ONE);
}

void task_hooks_end_all(struct shim *shim)
{
	for (struct container *c = shim->containers; c; c = c->next) {
		if (!c->hooks.poststop_owed)
			continue;
		c->hooks.run = hooks_run_free(c->hooks.run);
		end(c, LAST_SECONDS, stop_loop, shim->loop);
		ev_run(shim->loop, 0);
	}
}

void task_hooks_done(struct container_hooks *hooks)
{
	hooks_run_free(hooks->run);
	network_release(hooks->stand_in);
	hooks_free(hooks->list);
}
