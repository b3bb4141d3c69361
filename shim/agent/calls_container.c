// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "calls.h"
#include "cgroup.h"
#include "container.h"
#include "files.h"
#include "guest_spec.h"
#include "log.h"
#include "new_process.h"
#include "oci/oci.h"
#include "runtime.h"

#define REMOVE_STEP_SECONDS 0.005
#define REMOVE_SECONDS 10.

static int write_config(struct container *container, const Grpc__Spec *spec,
			struct problem *problem)
{
	char path[PATH_MAX], *text;
	int r;

	r = oci_message_to_json(&spec->base, &text);
	if (r < 0)
		return problem_set(problem, r, "out of memory");
	container_path(container, "config", ".json", path, sizeof(path));
	r = file_create(path, text, strlen(text), 0600);
	free(text);
	return r < 0 ? problem_set(problem, r, "cannot write %s: %s", path,
				   strerror(-r)) :
		       0;
}

static int prepare(struct container *container,
		   Grpc__CreateContainerRequest *request,
		   struct problem *problem)
{
	char cgroup[PATH_MAX];
	int r;

	r = container_add_storages(container, request->storages,
				   request->n_storages, problem);
	if (r < 0)
		return r;
	snprintf(cgroup, sizeof(cgroup), AGENT_CGROUP "/%s", container->id);
	r = guest_spec_adapt(request, cgroup, container->agent->pause_pid,
			     problem);
	return r < 0 ? r : write_config(container, request->oci, problem);
}

static int add_init(struct container *container,
		    const Grpc__CreateContainerRequest *request,
		    struct problem *problem)
{
	const uint32_t ports[] = { request->stdin_port, request->stdout_port,
				   request->stderr_port };
	int r = process_new(container, container->id,
			    request->oci->process->terminal, ports,
			    &container->init);

	if (r < 0)
		return problem_set(problem, r, "out of memory");
	container_add_process(container, container->init);
	return 0;
}

CALL(call_create_container)
{
	Grpc__CreateContainerRequest *own =
		(Grpc__CreateContainerRequest *)ttrpc_call_take_request(call);
	struct container *container = NULL;
	struct problem problem;
	int r;

	(void)request;
	r = container_new(context, own->container_id, &container, &problem);
	if (r >= 0)
		r = prepare(container, own, &problem);
	if (r >= 0)
		r = add_init(container, own, &problem);
	if (r >= 0)
		r = new_process_run(container->init, call, &problem);
	if (r < 0) {
		if (container)
			container_free(container);
		call_fail_problem(call, r, &problem);
	}
	grpc__create_container_request__free_unpacked(own, NULL);
}

struct start {
	struct agent *agent;
	struct ttrpc_call *call;
	char *id;
};

static void on_started(void *context, int error, const char *text)
{
	struct start *start = context;
	struct container *container = container_find(start->agent, start->id);

	if (error) {
		ttrpc_call_fail(start->call,
				error == -ETIMEDOUT ? TTRPC_DEADLINE_EXCEEDED :
						      TTRPC_UNKNOWN,
				"OCI runtime start failed: %s", text);
	} else {
		if (container)
			container->is_started = true;
		call_reply_empty(start->call);
	}
	free(start->id);
	free(start);
}

/* Once: what the host counts from then on is the container's. */
static void go_live(struct agent *agent)
{
	if (!agent->is_live)
		boot_go_live();
	agent->is_live = true;
}

CALL(call_start_container)
{
	const Grpc__StartContainerRequest *wanted =
		(const Grpc__StartContainerRequest *)request;
	struct agent *agent = context;
	struct container *container =
		call_find_container(call, agent, wanted->container_id);
	struct start *start;
	int r = -ENOMEM;

	if (!container)
		return;
	if (!container->is_made || container->is_started) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s is %s", container->id,
				container->is_made ? "started already" :
						     "not made yet");
		return;
	}
	go_live(agent);
	start = calloc(1, sizeof(*start));
	if (start) {
		start->agent = agent;
		start->call = call;
		start->id = strdup(container->id);
		r = start->id ? runtime_start(agent, container->id, on_started,
					      start) :
				-ENOMEM;
	}
	if (r < 0) {
		if (start)
			free(start->id);
		free(start);
		ttrpc_call_fail_errno(call, r, "cannot start crun: %s",
				      strerror(-r));
	}
}

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

static void end_removal(struct removal *removal)
{
	struct container *container = removal->container;

	ev_timer_stop(container->agent->loop, &removal->timer);
	if (has_processes(container)) {
		container->is_removed = false;
		ttrpc_call_fail(removal->call, TTRPC_FAILED_PRECONDITION,
				"processes of container %s cannot be killed",
				container->id);
	} else {
		container_free(container);
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

CALL(call_remove_container)
{
	const Grpc__RemoveContainerRequest *wanted =
		(const Grpc__RemoveContainerRequest *)request;
	struct agent *agent = context;
	struct container *container =
		call_find_container(call, agent, wanted->container_id);
	struct removal *removal;
	int r = -ENOMEM;

	if (!container)
		return;
	if (!container->is_made) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s is being made", container->id);
		return;
	}
	removal = calloc(1, sizeof(*removal));
	if (removal) {
		removal->container = container;
		removal->call = call;
		container->is_removed = true;
		cgroup_signal(container->cgroup, SIGKILL);
		cgroup_freeze(container->cgroup, false);
		r = runtime_delete(agent, container->id, on_deleted, removal);
	}
	if (r < 0) {
		container->is_removed = false;
		free(removal);
		ttrpc_call_fail_errno(call, r, "cannot start crun: %s",
				      strerror(-r));
	}
}
