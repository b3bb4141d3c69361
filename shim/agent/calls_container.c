// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot.h"
#include "calls.h"
#include "container.h"
#include "files.h"
#include "guest_spec.h"
#include "new_process.h"
#include "oci/oci.h"
#include "removal.h"
#include "runtime.h"

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

CALL(call_remove_container)
{
	const Grpc__RemoveContainerRequest *wanted =
		(const Grpc__RemoveContainerRequest *)request;
	struct agent *agent = context;
	struct container *container =
		call_find_container(call, agent, wanted->container_id);
	int r;

	if (!container)
		return;
	if (!container->is_made) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s is being made", container->id);
		return;
	}
	r = removal_start(container, call);
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "cannot start crun: %s",
				      strerror(-r));
}
