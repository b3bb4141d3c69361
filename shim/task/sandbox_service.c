// SPDX-License-Identifier: GPL-2.0-or-later
#include "sandbox_service.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "config/problem.h"
#include "container.h"
#include "guest.h"
#include "memory.h"
#include "pod_files.h"
#include "process.h"
#include "sandbox.pb-c.h"
#include "sandbox_metrics.h"
#include "sandbox_spec.h"
#include "server.h"
#include "shim.h"
#include "shim_guest.h"
#include "spec.h"
#include "task.h"
#include "task_events.h"

typedef Containerd__Runtime__Sandbox__V1__CreateSandboxRequest CreateRequest;

enum sandbox_state { SANDBOX_CREATED, SANDBOX_STARTING, SANDBOX_READY, SANDBOX_ENDED };

struct sandbox {
	enum sandbox_state state;
	CreateRequest *request;
	struct timespec created_at;
	struct timespec ended_at;
	uint32_t exit_status;
	/* CRI's description; NULL: there is none, or it is not started. */
	Runtime__V1__PodSandboxConfig *pod;
	/* StartSandbox under way. */
	struct ttrpc_call *start;
	struct ttrpc_call **waiters;
	size_t nr_waiters;
};

/* NULL: there is none of that name, and @call knows it. */
static struct sandbox *find(struct shim *shim, struct ttrpc_call *call, const char *id)
{
	if (shim->sandbox && !strcmp(id, shim->id))
		return shim->sandbox;
	ttrpc_call_fail(call, TTRPC_NOT_FOUND, "sandbox %.100s: not found", id);
	return NULL;
}

int sandbox_check_running(const struct shim *shim, struct problem *problem)
{
	const struct sandbox *sandbox = shim->sandbox;

	if (!sandbox || sandbox->state == SANDBOX_READY)
		return 0;
	return problem_set(problem, -EBUSY,
			   sandbox->state == SANDBOX_ENDED ?
				   "sandbox %s has ended; create another" :
				   "sandbox %s has not been started; start it first",
			   shim->id);
}

static TASK_HANDLER(sandbox_create)
{
	const CreateRequest *request = (const void *)message;
	Containerd__Runtime__Sandbox__V1__CreateSandboxResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__CREATE_SANDBOX_RESPONSE__INIT;
	struct shim *shim = context;

	if (strcmp(request->sandbox_id, shim->id) != 0) {
		ttrpc_call_fail(call, TTRPC_INVALID_ARGUMENT,
				"sandbox %.100s: this is the shim of %s", request->sandbox_id,
				shim->id);
		return;
	}
	if (shim->sandbox || shim->containers) {
		ttrpc_call_fail(call, TTRPC_ALREADY_EXISTS, "sandbox %s: already exists", shim->id);
		return;
	}
	shim->sandbox = must_calloc(sizeof(*shim->sandbox));
	shim->sandbox->request = (void *)ttrpc_call_take_request(call);
	clock_gettime(CLOCK_REALTIME, &shim->sandbox->created_at);
	ttrpc_call_reply(call, &response.base);
}

static int boot(struct shim *shim, struct problem *problem)
{
	const CreateRequest *request = shim->sandbox->request;
	struct shim_guest_options options = { .sandbox_pidns = true };
	struct json_object *spec;
	int r = sandbox_spec_make(request, shim->sandbox->pod, &spec, problem);

	if (r < 0)
		return r;
	options.netns = *request->netns_path ? request->netns_path : NULL;
	options.hostname = spec_hostname(spec);
	r = shim_guest_prepare(shim, request->options, spec, problem);
	if (!r)
		r = shim_guest_start(shim, &options, problem);
	json_object_put(spec);
	return r;
}

static void free_pod(struct sandbox *sandbox)
{
	if (sandbox->pod)
		runtime__v1__pod_sandbox_config__free_unpacked(sandbox->pod, NULL);
	sandbox->pod = NULL;
}

/* A start that fails may be tried again. */
static int start_guest(struct shim *shim, struct problem *problem)
{
	struct sandbox *sandbox = shim->sandbox;
	int r = pod_config_unpack(sandbox->request->options, &sandbox->pod, problem);

	if (!r && sandbox->pod)
		r = pod_files_write(shim->state_dir, sandbox->pod, problem);
	if (!r)
		r = boot(shim, problem);
	if (r < 0)
		free_pod(sandbox);
	return r;
}

static void answer_start(const struct failure *failure, void *context)
{
	Containerd__Runtime__Sandbox__V1__StartSandboxResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__START_SANDBOX_RESPONSE__INIT;
	struct shim *shim = context;
	struct ttrpc_call *call = shim->sandbox->start;
	Google__Protobuf__Timestamp created_at = timestamp_from(&shim->sandbox->created_at);

	if (failure) {
		task_fail(call, failure);
		sandbox_set_ended(shim, PROCESS_STATUS_UNKNOWN);
		return;
	}
	shim->sandbox->state = SANDBOX_READY;
	response.pid = (uint32_t)guest_pid(shim->guest);
	response.created_at = &created_at;
	ttrpc_call_reply(call, &response.base);
}

/* What this machine lacks is neither a name that is wrong nor a call that we do not have. */
static enum ttrpc_code start_code(int error)
{
	enum ttrpc_code code = ttrpc_code_from_errno(error);

	return code == TTRPC_NOT_FOUND || code == TTRPC_UNIMPLEMENTED ? TTRPC_FAILED_PRECONDITION :
									code;
}

static TASK_HANDLER(sandbox_start)
{
	const Containerd__Runtime__Sandbox__V1__StartSandboxRequest *request =
		(const void *)message;
	struct problem problem = { "" };
	struct shim *shim = context;
	struct sandbox *sandbox = find(shim, call, request->sandbox_id);
	int r;

	if (!sandbox)
		return;
	if (sandbox->state != SANDBOX_CREATED) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "sandbox %s: has been started",
				shim->id);
		return;
	}
	r = start_guest(shim, &problem);
	if (r < 0) {
		ttrpc_call_fail(call, start_code(r), "%s", problem.text);
		return;
	}
	sandbox->state = SANDBOX_STARTING;
	sandbox->start = call;
	shim_guest_wait(shim, answer_start, shim);
}

static TASK_HANDLER(sandbox_platform)
{
	Containerd__Runtime__Sandbox__V1__PlatformResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__PLATFORM_RESPONSE__INIT;
	Containerd__Types__Platform platform = CONTAINERD__TYPES__PLATFORM__INIT;

	(void)message;
	(void)context;
	platform.os = (char *)"linux";
	platform.architecture = (char *)"amd64";
	response.platform = &platform;
	ttrpc_call_reply(call, &response.base);
}

static void answer_stop(void *context)
{
	Containerd__Runtime__Sandbox__V1__StopSandboxResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__STOP_SANDBOX_RESPONSE__INIT;

	ttrpc_call_reply(context, &response.base);
}

static TASK_HANDLER(sandbox_stop)
{
	const Containerd__Runtime__Sandbox__V1__StopSandboxRequest *request = (const void *)message;
	struct shim *shim = context;

	if (!find(shim, call, request->sandbox_id))
		return;
	shim_guest_stop(shim, "the sandbox is stopped", answer_stop, call);
}

static void answer_wait(const struct sandbox *sandbox, struct ttrpc_call *call)
{
	Containerd__Runtime__Sandbox__V1__WaitSandboxResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__WAIT_SANDBOX_RESPONSE__INIT;
	Google__Protobuf__Timestamp exited_at = timestamp_from(&sandbox->ended_at);

	response.exit_status = sandbox->exit_status;
	response.exited_at = &exited_at;
	ttrpc_call_reply(call, &response.base);
}

/* containerd has been restarted, say: it will ask again. */
static void waiter_gone(struct ttrpc_call *call, void *context)
{
	struct sandbox *sandbox = context;
	size_t at = 0;

	while (sandbox->waiters[at] != call)
		at++;
	sandbox->waiters[at] = sandbox->waiters[--sandbox->nr_waiters];
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits");
}

static TASK_HANDLER(sandbox_wait)
{
	const Containerd__Runtime__Sandbox__V1__WaitSandboxRequest *request = (const void *)message;
	struct sandbox *sandbox = find(context, call, request->sandbox_id);

	if (!sandbox)
		return;
	if (sandbox->state == SANDBOX_ENDED) {
		answer_wait(sandbox, call);
		return;
	}
	sandbox->waiters = reallocarray(sandbox->waiters, sandbox->nr_waiters + 1, sizeof(void *));
	if (!sandbox->waiters)
		abort();
	sandbox->waiters[sandbox->nr_waiters++] = call;
	ttrpc_call_on_cancel(call, waiter_gone, sandbox);
}

void sandbox_set_ended(struct shim *shim, uint32_t exit_status)
{
	struct sandbox *sandbox = shim->sandbox;

	if (!sandbox || sandbox->state == SANDBOX_ENDED)
		return;
	sandbox->state = SANDBOX_ENDED;
	sandbox->exit_status = exit_status;
	clock_gettime(CLOCK_REALTIME, &sandbox->ended_at);
	for (size_t i = 0; i < sandbox->nr_waiters; i++)
		answer_wait(sandbox, sandbox->waiters[i]);
	sandbox->nr_waiters = 0;
}

void sandbox_free(struct shim *shim)
{
	struct sandbox *sandbox = shim->sandbox;

	if (!sandbox)
		return;
	sandbox_set_ended(shim, 0);
	protobuf_c_message_free_unpacked(&sandbox->request->base, NULL);
	free_pod(sandbox);
	free(sandbox->waiters);
	free(sandbox);
	shim->sandbox = NULL;
}

static TASK_HANDLER(sandbox_status)
{
	const Containerd__Runtime__Sandbox__V1__SandboxStatusRequest *request =
		(const void *)message;
	Containerd__Runtime__Sandbox__V1__SandboxStatusResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__SANDBOX_STATUS_RESPONSE__INIT;
	struct shim *shim = context;
	struct sandbox *sandbox = find(shim, call, request->sandbox_id);
	Google__Protobuf__Timestamp created_at, exited_at;

	if (!sandbox)
		return;
	created_at = timestamp_from(&sandbox->created_at);
	exited_at = timestamp_from(&sandbox->ended_at);
	response.sandbox_id = (char *)shim->id;
	response.pid = shim->guest ? (uint32_t)guest_pid(shim->guest) : 0;
	/* The words of CRI's PodSandboxState. */
	response.state = (char *)(shim->guest_ready ? "SANDBOX_READY" : "SANDBOX_NOTREADY");
	response.created_at = &created_at;
	if (sandbox->state == SANDBOX_ENDED)
		response.exited_at = &exited_at;
	ttrpc_call_reply(call, &response.base);
}

static TASK_HANDLER(sandbox_ping)
{
	const Containerd__Runtime__Sandbox__V1__PingRequest *request = (const void *)message;
	Containerd__Runtime__Sandbox__V1__PingResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__PING_RESPONSE__INIT;

	if (find(context, call, request->sandbox_id))
		ttrpc_call_reply(call, &response.base);
}

static void answer_shutdown(struct ttrpc_call *call)
{
	Containerd__Runtime__Sandbox__V1__ShutdownSandboxResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__SHUTDOWN_SANDBOX_RESPONSE__INIT;

	ttrpc_call_reply(call, &response.base);
}

/*
 * Also after a CreateSandbox that failed. Answered when all is gone: containerd
 * runs `delete` then, which shall have nothing to kill.
 */
static TASK_HANDLER(sandbox_shutdown)
{
	const Containerd__Runtime__Sandbox__V1__ShutdownSandboxRequest *request =
		(const void *)message;
	struct shim *shim = context;

	if (!strcmp(request->sandbox_id, shim->id) && (shim->sandbox || !shim->containers))
		server_end(shim, answer_shutdown, call);
	else
		find(shim, call, request->sandbox_id);
}

void sandbox_adapt_spec(const struct shim *shim, struct json_object *spec)
{
	if (!shim->sandbox || !shim->sandbox->pod)
		return;
	pod_files_add(spec, shim->state_dir);
	sandbox_spec_add_sysctls(spec, shim->sandbox->pod);
}

static TASK_HANDLER(metrics)
{
	const Containerd__Runtime__Sandbox__V1__SandboxMetricsRequest *request =
		(const void *)message;

	if (find(context, call, request->sandbox_id))
		sandbox_metrics(call, message, context);
}

void sandbox_service(struct shim *shim, struct ttrpc_service *service)
{
	static const struct ttrpc_method methods[] = {
		{ "CreateSandbox", sandbox_create }, { "StartSandbox", sandbox_start },
		{ "Platform", sandbox_platform },    { "StopSandbox", sandbox_stop },
		{ "WaitSandbox", sandbox_wait },     { "SandboxStatus", sandbox_status },
		{ "PingSandbox", sandbox_ping },     { "ShutdownSandbox", sandbox_shutdown },
		{ "SandboxMetrics", metrics },	     { NULL, NULL },
	};

	*service = (struct ttrpc_service){
		.descriptor = &containerd__runtime__sandbox__v1__sandbox__descriptor,
		.methods = methods,
		.context = shim,
	};
}
