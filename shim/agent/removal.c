// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "calls.h"
#include "cgroup.h"
#include "log.h"
#include "removal.h"
#include "runtime.h"

#define REMOVE_STEP_SECONDS 0.005
#define REMOVE_SECONDS 10.

/* Nobody else frees a container that is being removed. */
struct removal {
	struct container *container;
	struct ttrpc_call *call;
	ev_timer timer;
	double waited;
};

static bool has_processes(const struct container *container)
{
	for (const struct process *at = container->processes; at; at = at->next)
		if (at->pid && !at->has_exited)
			return true;
	return cgroup_value(container->cgroup, "cgroup.events", "populated");
}

static void tell_survivors(struct removal *removal)
{
	const char *id = removal->container->id;

	if (removal->call)
		ttrpc_call_fail(removal->call, TTRPC_FAILED_PRECONDITION,
				"processes of container %s cannot be killed",
				id);
	else
		log_line("processes of container %s cannot be killed", id);
}

static void end_removal(struct removal *removal)
{
	struct container *container = removal->container;

	ev_timer_stop(container->agent->loop, &removal->timer);
	if (has_processes(container)) {
		container->is_removed = false;
		tell_survivors(removal);
	} else {
		container_free(container);
		if (removal->call)
			call_reply_empty(removal->call);
	}
	free(removal);
}

/* Their end is told before they are forgotten. */
static void on_removal_step(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct removal *removal = timer->data;

	(void)loop;
	(void)events;
	removal->waited += REMOVE_STEP_SECONDS;
	if (removal->waited > REMOVE_SECONDS ||
	    !has_processes(removal->container))
		end_removal(removal);
}

static void on_deleted(void *context, int error, const char *text)
{
	struct removal *removal = context;
	struct container *container = removal->container;

	if (error)
		log_line("crun delete of %s: %s", container->id, text);
	ev_timer_init(&removal->timer, on_removal_step, 0.,
		      REMOVE_STEP_SECONDS);
	removal->timer.data = removal;
	ev_timer_start(container->agent->loop, &removal->timer);
}

int removal_start(struct container *container, struct ttrpc_call *call)
{
	struct removal *removal = calloc(1, sizeof(*removal));
	int r;

	if (!removal)
		return -ENOMEM;
	removal->container = container;
	removal->call = call;
	container->is_removed = true;
	cgroup_signal(container->cgroup, SIGKILL);
	cgroup_freeze(container->cgroup, false);
	r = runtime_delete(container->agent, container->id, on_deleted,
			   removal);
	if (r < 0) {
		container->is_removed = false;
		free(removal);
	}
	return r;
}
