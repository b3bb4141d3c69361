// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include <errno.h>
#include <signal.h>

#include "agent.pb-c.h"
#include "containerd/task.pb-c.h"
#include "container.h"
#include "guest.h"
#include "memory.h"
#include "shim.h"
#include "shim_log.h"
#include "task_events.h"
#include "ttrpc/ttrpc.h"

/*
 * Seconds without a byte of output, after the end of a process, until it is told
 * though others in the container, or nobody at the FIFO, keep the output open.
 */
#define DRAIN_SECONDS 2.
/* Nobody waits for it. */
#define LOST_SECONDS 60

static void answer(struct process *process, struct ttrpc_call *call)
{
	Containerd__Task__V2__WaitResponse response = CONTAINERD__TASK__V2__WAIT_RESPONSE__INIT;
	Google__Protobuf__Timestamp exited_at = timestamp_from(&process->exited_at);

	response.exit_status = process->exit_status;
	response.exited_at = &exited_at;
	ttrpc_call_reply(call, &response.base);
}

static void answer_waiters(struct process *process)
{
	struct ttrpc_call **waiters = process->waiters;
	size_t nr = process->nr_waiters;

	process->waiters = NULL;
	process->nr_waiters = 0;
	for (size_t i = 0; i < nr; i++)
		answer(process, waiters[i]);
	free(waiters);
}

static bool has_live_execs(const struct container *container)
{
	for (const struct process *exec = container->execs; exec; exec = exec->next)
		if (exec->state == PROCESS_STARTING || exec->state == PROCESS_RUNNING)
			return true;
	return false;
}

static bool is_first(const struct process *process)
{
	return process == &process->container->init;
}

static void stop(struct process *process)
{
	struct container *container = process->container;

	ev_timer_stop(container->shim->loop, &process->drain);
	process->state = PROCESS_STOPPED;
	publish_exit(process);
	answer_waiters(process);
}

static void try_stop(struct process *process)
{
	struct container *container = process->container;

	if (!process->exited ||
	    (process->state != PROCESS_RUNNING && process->state != PROCESS_CREATED))
		return;
	if (process->stdio && !stdio_is_drained(process->stdio))
		return;
	if (is_first(process) && has_live_execs(container))
		return;
	stop(process);
	if (!is_first(process))
		try_stop(&container->init);
}

/* At intervals after the end, as long as there is output to be written. */
static void look_at_output(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct process *process = timer->data;
	uint64_t written = process->stdio ? stdio_written(process->stdio) : 0;

	(void)loop;
	(void)events;
	if (written != process->drained || process->state == PROCESS_STARTING) {
		process->drained = written;
		return;
	}
	shim_log(SHIM_LOG_INFO, "%s %s: told as ended, though its output is open",
		 process->container->id, process->exec_id);
	stop(process);
	if (!is_first(process))
		try_stop(&process->container->init);
}

static void output_drained(void *context)
{
	try_stop(context);
}

void process_prepare(struct process *process)
{
	ev_timer_init(&process->drain, look_at_output, DRAIN_SECONDS, DRAIN_SECONDS);
	process->drain.data = process;
}

int process_open_streams(struct process *process, struct stdio_streams *ret_streams)
{
	struct shim *shim = process->container->shim;
	struct stream_mux *mux = guest_mux(shim->guest);
	int r;

	if (!mux)
		return -ENOTCONN;
	r = stdio_start(process->stdio, shim->loop, mux, guest_next_stream(shim->guest),
			output_drained, process, ret_streams);
	if (r < 0)
		process->stdio = stdio_free(process->stdio);
	return r;
}

static void wait_done(const struct failure *failure, const ProtobufCMessage *response,
		      void *context)
{
	struct process *process = context;

	process->wait = NULL;
	if (failure)
		shim_log(SHIM_LOG_WARNING, "%s %s: %s", process->container->id, process->exec_id,
			 failure->text);
	process_exit(process,
		     failure ? PROCESS_STATUS_UNKNOWN :
			       (uint32_t)((const Grpc__WaitProcessResponse *)response)->status);
}

void process_watch(struct process *process)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;
	struct container *container = process->container;

	request.container_id = container->id;
	request.exec_id = process->exec_id;
	process->wait = guest_call(container->shim->guest, "end of the process", "WaitProcess",
				   &request.base, 0, wait_done, process);
}

static void lost_done(const struct failure *failure, const ProtobufCMessage *response,
		      void *context)
{
	(void)response;
	(void)context;
	/* Not found: it had not been made, or has ended. */
	if (failure && failure->code != TTRPC_NOT_FOUND)
		shim_log(SHIM_LOG_WARNING, "%s", failure->text);
}

void process_kill_lost(const struct process *process)
{
	Grpc__SignalProcessRequest kill = GRPC__SIGNAL_PROCESS_REQUEST__INIT;
	Grpc__WaitProcessRequest wait = GRPC__WAIT_PROCESS_REQUEST__INIT;
	struct guest *guest = process->container->shim->guest;

	kill.container_id = wait.container_id = process->container->id;
	kill.exec_id = wait.exec_id = process->exec_id;
	kill.signal = SIGKILL;
	guest_call(guest, "end of an exec without answer", "SignalProcess", &kill.base,
		   LOST_SECONDS, lost_done, NULL);
	/* Who was waited for is forgotten. */
	guest_call(guest, "wait for an exec without answer", "WaitProcess", &wait.base,
		   LOST_SECONDS, lost_done, NULL);
}

void process_set_running(struct process *process)
{
	process->state = PROCESS_RUNNING;
	if (process->stdio && !process->exited)
		stdio_start_input(process->stdio);
	try_stop(process);
}

void process_set_failed(struct process *process)
{
	agent_cancel(process->wait);
	process->wait = NULL;
	process->stdio = stdio_free(process->stdio);
	process->state = PROCESS_STOPPED;
	process->exited = true;
	process->exit_status = PROCESS_STATUS_UNKNOWN;
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	answer_waiters(process);
	if (!is_first(process))
		try_stop(&process->container->init);
}

void process_exit(struct process *process, uint32_t status)
{
	if (process->exited)
		return;
	process->exited = true;
	process->exit_status = status;
	clock_gettime(CLOCK_REALTIME, &process->exited_at);
	if (process->stdio) {
		stdio_end_input(process->stdio);
		process->drained = stdio_written(process->stdio);
	}
	ev_timer_again(process->container->shim->loop, &process->drain);
	try_stop(process);
}

/* containerd has been restarted, say: it will ask again. */
static void waiter_gone(struct ttrpc_call *call, void *context)
{
	struct process *process = context;
	size_t at = 0;

	while (process->waiters[at] != call)
		at++;
	process->waiters[at] = process->waiters[--process->nr_waiters];
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits");
}

void process_add_waiter(struct process *process, struct ttrpc_call *call)
{
	struct ttrpc_call **more;

	if (process->state == PROCESS_STOPPED) {
		answer(process, call);
		return;
	}
	more = reallocarray(process->waiters, process->nr_waiters + 1, sizeof(void *));
	if (!more) {
		ttrpc_call_fail(call, TTRPC_RESOURCE_EXHAUSTED, "no memory to wait");
		return;
	}
	process->waiters = more;
	more[process->nr_waiters++] = call;
	ttrpc_call_on_cancel(call, waiter_gone, process);
}
