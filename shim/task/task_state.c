// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <unistd.h>

#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "process.h"
#include "shim.h"
#include "task_events.h"
#include "version.h"

static Containerd__V1__Types__Status status_of(const struct process *process)
{
	switch (process->state) {
	case PROCESS_STOPPED:
		return CONTAINERD__V1__TYPES__STATUS__STOPPED;
	case PROCESS_RUNNING:
		return process->container->paused ? CONTAINERD__V1__TYPES__STATUS__PAUSED :
						    CONTAINERD__V1__TYPES__STATUS__RUNNING;
	default:
		return CONTAINERD__V1__TYPES__STATUS__CREATED;
	}
}

TASK_HANDLER(task_state)
{
	const Containerd__Task__V2__StateRequest *request = (const void *)message;
	struct process *process = task_find_process(context, call, request->id, request->exec_id);
	Containerd__Task__V2__StateResponse response = CONTAINERD__TASK__V2__STATE_RESPONSE__INIT;
	Google__Protobuf__Timestamp exited_at;

	if (!process)
		return;
	response.id = process->container->id;
	response.bundle = process->container->bundle;
	response.pid = process->pid;
	response.status = status_of(process);
	response.stdin = process->stdin_;
	response.stdout = process->stdout_;
	response.stderr = process->stderr_;
	response.terminal = process->terminal;
	response.exec_id = process->exec_id;
	if (process->state == PROCESS_STOPPED) {
		exited_at = timestamp_from(&process->exited_at);
		response.exit_status = process->exit_status;
		response.exited_at = &exited_at;
	}
	ttrpc_call_reply(call, &response.base);
}

/*
 * Process numbers of a guest mean nothing here: the one is QEMU's. Never none as
 * long as there is a task, or a containerd that restarts takes the shim for leaked.
 */
TASK_HANDLER(task_pids)
{
	const Containerd__Task__V2__PidsRequest *request = (const void *)message;
	struct container *container = task_find(context, call, request->id);
	Containerd__Task__V2__PidsResponse response = CONTAINERD__TASK__V2__PIDS_RESPONSE__INIT;
	Containerd__V1__Types__ProcessInfo info = CONTAINERD__V1__TYPES__PROCESS_INFO__INIT;
	Containerd__V1__Types__ProcessInfo *list[] = { &info };

	if (!container)
		return;
	info.pid = container->init.pid ? container->init.pid : (uint32_t)getpid();
	response.processes = list;
	response.n_processes = 1;
	ttrpc_call_reply(call, &response.base);
}

TASK_HANDLER(task_connect)
{
	const Containerd__Task__V2__ConnectRequest *request = (const void *)message;
	Containerd__Task__V2__ConnectResponse response =
		CONTAINERD__TASK__V2__CONNECT_RESPONSE__INIT;
	struct container *container = container_find(context, request->id);

	/* Before its Create, too: the shim is there. */
	response.shim_pid = (uint32_t)getpid();
	response.task_pid = container ? container->init.pid : 0;
	response.version = (char *)SHIM_VERSION;
	ttrpc_call_reply(call, &response.base);
}

TASK_HANDLER(task_wait)
{
	const Containerd__Task__V2__WaitRequest *request = (const void *)message;
	struct process *process = task_find_process(context, call, request->id, request->exec_id);

	if (process)
		process_add_waiter(process, call);
}
