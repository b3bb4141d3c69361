// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <errno.h>
#include <stdlib.h>

#include "agent.pb-c.h"
#include "config/problem.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "memory.h"
#include "options.h"
#include "process.h"
#include "protocols/any.h"
#include "shim.h"
#include "spec.h"
#include "task_events.h"
#include "task_hooks.h"

/* A Start under way; its process stays, since it cannot be deleted meanwhile. */
struct start {
	struct ttrpc_call *call;
	struct process *process;
};

static void finish(struct ttrpc_call *call, struct process *process)
{
	Containerd__Task__V2__StartResponse response = CONTAINERD__TASK__V2__START_RESPONSE__INIT;

	publish_start(process);
	response.pid = process->pid;
	ttrpc_call_reply(call, &response.base);
	/* After the answer: its end may be known already. */
	process_set_running(process);
}

/* The poststart hooks have been run. */
static void hooks_done(void *context)
{
	struct start *start = context;

	finish(start->call, start->process);
	free(start);
}

static void started(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct start *start = context;
	struct process *process = start->process;

	(void)response;
	if (failure) {
		if (failure->code == TTRPC_DEADLINE_EXCEEDED && *process->exec_id)
			process_kill_lost(process);
		task_fail(start->call, failure);
		process_set_failed(process);
		free(start);
	} else if (*process->exec_id) {
		process_watch(process);
		hooks_done(start);
	} else {
		task_hooks_start(process->container, hooks_done, start);
	}
}

static void start_first(struct start *start)
{
	Grpc__StartContainerRequest request = GRPC__START_CONTAINER_REQUEST__INIT;
	struct container *container = start->process->container;

	request.container_id = container->id;
	guest_call(container->shim->guest, "start container", "StartContainer", &request.base,
		   task_limit(start->call, TASK_START_SECONDS), started, start);
}

/* Before the guest knows of it. */
static void fail_exec(struct start *start, enum ttrpc_code code, const char *why)
{
	ttrpc_call_fail(start->call, code, "exec %s: %s", start->process->exec_id, why);
	process_set_failed(start->process);
	free(start);
}

static void start_exec(struct start *start)
{
	Grpc__ExecProcessRequest request = GRPC__EXEC_PROCESS_REQUEST__INIT;
	struct process *process = start->process;
	struct stdio_streams streams;

	if (process_open_streams(process, &streams) < 0) {
		fail_exec(start, TTRPC_UNAVAILABLE, "no streams to the guest");
		return;
	}
	request.container_id = process->container->id;
	request.exec_id = process->exec_id;
	request.process = process->spec;
	request.stdin_port = streams.stdin_;
	request.stdout_port = streams.stdout_;
	request.stderr_port = streams.stderr_;
	guest_call(process->container->shim->guest, "exec", "ExecProcess", &request.base,
		   task_limit(start->call, TASK_START_SECONDS), started, start);
	grpc__process__free_unpacked(process->spec, NULL);
	process->spec = NULL;
}

static void stdio_ready(const char *why, void *context)
{
	struct start *start = context;

	if (why)
		fail_exec(start, TTRPC_FAILED_PRECONDITION, why);
	else if (!start->process->container->shim->guest_ready)
		fail_exec(start, TTRPC_FAILED_PRECONDITION, "the guest is gone");
	else
		start_exec(start);
}

static void start_in_guest(struct ttrpc_call *call, struct process *process)
{
	struct start *start = must_calloc(sizeof(*start));

	*start = (struct start){ .call = call, .process = process };
	process->state = PROCESS_STARTING;
	if (*process->exec_id)
		stdio_wait(process->stdio, process->container->shim->loop, stdio_ready, start);
	else
		start_first(start);
}

/* The pod itself, whose guest is there. */
static void start_virtual(struct ttrpc_call *call, struct process *process)
{
	struct start *start = must_calloc(sizeof(*start));

	*start = (struct start){ .call = call, .process = process };
	process->state = PROCESS_STARTING;
	task_hooks_start(process->container, hooks_done, start);
}

static const char *why_not(const struct process *process)
{
	const struct container *container = process->container;
	static const char *const states[] = {
		[PROCESS_CREATING] = "it is still being created",
		[PROCESS_STARTING] = "it is being started",
		[PROCESS_RUNNING] = "it runs already",
		[PROCESS_STOPPED] = "it has ended",
	};

	if (process->state != PROCESS_CREATED)
		return states[process->state];
	if (container->deleting)
		return "it is being deleted";
	if (process->exited)
		return "it has ended";
	if (*process->exec_id && container->init.state != PROCESS_RUNNING)
		return "its container does not run";
	return NULL;
}

TASK_HANDLER(task_start)
{
	const Containerd__Task__V2__StartRequest *request = (const void *)message;
	struct shim *shim = context;
	struct process *process = task_find_process(shim, call, request->id, request->exec_id);
	const char *why;

	if (!process)
		return;
	why = why_not(process);
	if (why)
		task_refuse(call, request->id, request->exec_id, "start", why);
	else if (process->container->virtual_ && !shim->guest_ready)
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "pod %s: its guest is gone",
				request->id);
	else if (process->container->virtual_)
		start_virtual(call, process);
	else if (task_find_in_guest(shim, call, request->id, request->exec_id))
		start_in_guest(call, process);
}

static int add_exec(struct shim *shim, struct container *container,
		    const Containerd__Task__V2__ExecProcessRequest *request,
		    struct problem *problem)
{
	const struct stdio_names names = { .stdin_ = request->stdin,
					   .stdout_ = request->stdout,
					   .stderr_ = request->stderr,
					   .terminal = request->terminal };
	Grpc__Process *spec = NULL;
	struct process *process;
	struct stdio *stdio;
	int r;

	if (!request->spec)
		return problem_set(problem, -EINVAL, "exec %s: no process", request->exec_id);
	r = spec_pack_process((const char *)request->spec->value.data, request->spec->value.len,
			      &spec, problem);
	if (r < 0)
		return r;
	/* containerd says it here, and a client may say it there, too. */
	spec->terminal = request->terminal;
	r = stdio_open(&names, shim->namespace_, request->id, &stdio, problem);
	if (r < 0) {
		grpc__process__free_unpacked(spec, NULL);
		return r;
	}
	process = container_add_exec(container, request->exec_id, &names);
	process->state = PROCESS_CREATED;
	process->spec = spec;
	process->stdio = stdio;
	process->pid = container->init.pid;
	publish_exec_added(process);
	return 0;
}

TASK_HANDLER(task_exec)
{
	const Containerd__Task__V2__ExecProcessRequest *request = (const void *)message;
	struct problem problem = { "" };
	struct shim *shim = context;
	struct process *init;
	int r;

	if (!identifier_is_valid(request->exec_id)) {
		ttrpc_call_fail(call, TTRPC_INVALID_ARGUMENT,
				"exec '%.100s': a name has 1 to 76 "
				"letters, digits, '-', '_' and '.'",
				request->exec_id);
		return;
	}
	init = task_find_in_guest(shim, call, request->id, "");
	if (!init)
		return;
	if (container_find_process(init->container, request->exec_id)) {
		ttrpc_call_fail(call, TTRPC_ALREADY_EXISTS, "exec %s: already exists",
				request->exec_id);
		return;
	}
	if (init->exited || init->state == PROCESS_STOPPED || init->container->deleting) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "container %s: it has ended",
				request->id);
		return;
	}
	r = add_exec(shim, init->container, request, &problem);
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "%s", problem.text);
	else
		task_reply_empty(call);
}
