// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <math.h>

#include "agent.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "google/protobuf/empty.pb-c.h"
#include "shim.h"

static const struct ttrpc_method methods[] = {
	{ "State", task_state },
	{ "Create", task_create },
	{ "Start", task_start },
	{ "Delete", task_delete },
	{ "Pids", task_pids },
	{ "Pause", task_pause },
	{ "Resume", task_resume },
	{ "Checkpoint", task_checkpoint },
	{ "Kill", task_kill },
	{ "Exec", task_exec },
	{ "ResizePty", task_resize_pty },
	{ "CloseIO", task_close_io },
	{ "Update", task_update },
	{ "Wait", task_wait },
	{ "Stats", task_stats },
	{ "Connect", task_connect },
	{ "Shutdown", task_shutdown },
	{ NULL, NULL },
};

void task_services(struct shim *shim, struct ttrpc_service services[TASK_NR_SERVICES])
{
	static const char *const names[TASK_NR_SERVICES] = {
		"containerd.task.v2.Task",
		"containerd.task.v3.Task",
	};

	for (size_t i = 0; i < TASK_NR_SERVICES; i++)
		services[i] = (struct ttrpc_service){
			.descriptor = &containerd__task__v2__task__descriptor,
			.name = names[i],
			.methods = methods,
			.context = shim,
		};
}

struct container *task_find(struct shim *shim, struct ttrpc_call *call, const char *id)
{
	struct container *container = container_find(shim, id);

	if (!container)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND, "container %.100s: not found", id);
	return container;
}

struct process *task_find_process(struct shim *shim, struct ttrpc_call *call, const char *id,
				  const char *exec_id)
{
	struct container *container = task_find(shim, call, id);
	struct process *process;

	if (!container)
		return NULL;
	process = container_find_process(container, exec_id);
	if (!process)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND, "container %s: exec %.100s: not found", id,
				exec_id);
	return process;
}

struct process *task_find_in_guest(struct shim *shim, struct ttrpc_call *call, const char *id,
				   const char *exec_id)
{
	struct process *process = task_find_process(shim, call, id, exec_id);

	if (!process)
		return NULL;
	if (process->container->virtual_) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s: it stands for the "
				"pod and has no process in the guest",
				id);
		return NULL;
	}
	if (!shim->guest_ready || !process->container->in_guest) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s: it is not in a guest "
				"(any more)",
				id);
		return NULL;
	}
	return process;
}

void task_fail(struct ttrpc_call *call, const struct failure *failure)
{
	ttrpc_call_fail(call, failure->code, "%s", failure->text);
}

void task_reply_empty(struct ttrpc_call *call)
{
	Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;

	ttrpc_call_reply(call, &empty.base);
}

void task_forwarded(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct ttrpc_call *call = context;

	(void)response;
	if (failure)
		task_fail(call, failure);
	else
		task_reply_empty(call);
}

void task_refuse(struct ttrpc_call *call, const char *id, const char *exec_id, const char *verb,
		 const char *why)
{
	ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "%s %s: cannot %s it: %s",
			*exec_id ? "exec" : "container", *exec_id ? exec_id : id, verb, why);
}

double task_limit(const struct ttrpc_call *call, double limit)
{
	double left = ttrpc_call_remaining(call);

	/* 0 would be no limit. */
	return fmax(fmin(left, limit), 0.1);
}
