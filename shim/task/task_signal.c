// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <signal.h>
#include <stdlib.h>

#include "agent.pb-c.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "memory.h"
#include "process.h"
#include "shim.h"
#include "shim_guest.h"
#include "task_events.h"
#include "task_hooks.h"

static void forward(struct shim *shim, struct ttrpc_call *call, const char *phase,
		    const char *method, const ProtobufCMessage *request)
{
	guest_call(shim->guest, phase, method, request, task_limit(call, TASK_SECONDS),
		   task_forwarded, call);
}

static void kill_in_guest(struct shim *shim, struct ttrpc_call *call, struct process *process,
			  uint32_t signal, bool all)
{
	Grpc__SignalProcessRequest request = GRPC__SIGNAL_PROCESS_REQUEST__INIT;

	request.container_id = process->container->id;
	/* "" would be all of them. */
	if (!all)
		request.exec_id = *process->exec_id ? process->exec_id : process->container->id;
	request.signal = signal;
	forward(shim, call, "kill", "SignalProcess", &request.base);
}

/* The pause process of a pod handles two signals, and nobody sends it others. */
static void kill_virtual(struct ttrpc_call *call, struct process *process, uint32_t signal)
{
	if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT) {
		if (process->state == PROCESS_CREATED)
			process->state = PROCESS_RUNNING;
		process_exit(process, signal == SIGKILL ? 128 + SIGKILL : 0);
	}
	task_reply_empty(call);
}

static void kill_answered(void *context)
{
	task_reply_empty(context);
}

/* Of a container whose Create is under way: the only one of its guest. */
static void kill_creation(struct shim *shim, struct ttrpc_call *call, struct container *container,
			  uint32_t signal)
{
	static const char why[] = "killed while it was created";
	bool ends = signal == SIGKILL || signal == SIGTERM;

	if (ends && task_hooks_stop(container, why))
		task_reply_empty(call);
	else if (shim->containers->next || shim->sandbox || !ends)
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "it is still being created");
	else
		shim_guest_stop(shim, why, kill_answered, call);
}

TASK_HANDLER(task_kill)
{
	const Containerd__Task__V2__KillRequest *request = (const void *)message;
	struct shim *shim = context;
	struct process *process = task_find_process(shim, call, request->id, request->exec_id);

	if (!process)
		return;
	if (request->signal > (uint32_t)SIGRTMAX)
		ttrpc_call_fail(call, TTRPC_INVALID_ARGUMENT, "signal %u: there is no such signal",
				request->signal);
	else if (process->state == PROCESS_STOPPED || process->exited)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND, "process already finished");
	else if (process->state == PROCESS_CREATING)
		kill_creation(shim, call, process->container, request->signal);
	else if (process->container->virtual_)
		kill_virtual(call, process, request->signal);
	else if (*process->exec_id && process->state == PROCESS_CREATED)
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "exec %s: it has not been started",
				process->exec_id);
	else if (task_find_in_guest(shim, call, request->id, request->exec_id))
		kill_in_guest(shim, call, process, request->signal, request->all);
}

TASK_HANDLER(task_resize_pty)
{
	const Containerd__Task__V2__ResizePtyRequest *request = (const void *)message;
	Grpc__TtyWinResizeRequest resize = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;
	struct shim *shim = context;
	struct process *process = task_find_in_guest(shim, call, request->id, request->exec_id);

	if (!process)
		return;
	if (!process->terminal) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "it has no terminal");
		return;
	}
	resize.container_id = process->container->id;
	resize.exec_id = process->exec_id;
	resize.row = request->height;
	resize.column = request->width;
	forward(shim, call, "resize of the terminal", "TtyWinResize", &resize.base);
}

TASK_HANDLER(task_close_io)
{
	const Containerd__Task__V2__CloseIORequest *request = (const void *)message;
	struct process *process = task_find_process(context, call, request->id, request->exec_id);

	if (!process)
		return;
	if (request->stdin && process->stdio)
		stdio_close_stdin(process->stdio);
	task_reply_empty(call);
}

/* A Pause or Resume under way; the container may be gone at its end. */
struct change {
	struct ttrpc_call *call;
	struct shim *shim;
	char *id;
	bool pause;
};

static void changed(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct change *change = context;
	struct container *container = container_find(change->shim, change->id);

	(void)response;
	if (failure) {
		task_fail(change->call, failure);
	} else {
		if (container) {
			container->paused = change->pause;
			(change->pause ? publish_paused : publish_resumed)(container);
		}
		task_reply_empty(change->call);
	}
	free(change->id);
	free(change);
}

static void change_state(struct shim *shim, struct ttrpc_call *call, const char *id, bool pause)
{
	Grpc__PauseContainerRequest pause_request = GRPC__PAUSE_CONTAINER_REQUEST__INIT;
	Grpc__ResumeContainerRequest resume_request = GRPC__RESUME_CONTAINER_REQUEST__INIT;
	struct process *process = task_find_in_guest(shim, call, id, "");
	struct change *change;

	if (!process)
		return;
	if (process->state != PROCESS_RUNNING || process->container->paused == pause) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION, "container %s: it %s", id,
				process->state != PROCESS_RUNNING ? "does not run" :
				pause				  ? "is paused already" :
								    "is not paused");
		return;
	}
	change = must_calloc(sizeof(*change));
	*change = (struct change){
		.call = call, .shim = shim, .id = must_strdup(id), .pause = pause
	};
	pause_request.container_id = resume_request.container_id = change->id;
	if (pause)
		guest_call(shim->guest, "pause", "PauseContainer", &pause_request.base,
			   task_limit(call, TASK_SECONDS), changed, change);
	else
		guest_call(shim->guest, "resume", "ResumeContainer", &resume_request.base,
			   task_limit(call, TASK_SECONDS), changed, change);
}

TASK_HANDLER(task_pause)
{
	const Containerd__Task__V2__PauseRequest *request = (const void *)message;

	change_state(context, call, request->id, true);
}

TASK_HANDLER(task_resume)
{
	const Containerd__Task__V2__ResumeRequest *request = (const void *)message;

	change_state(context, call, request->id, false);
}
