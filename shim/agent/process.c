// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "console.h"
#include "container.h"
#include "files.h"
#include "log.h"
#include "oom.h"
#include "process.h"
#include "reaper.h"
#include "ttrpc/ttrpc.h"

/* How long a reader may take for the last output before the end is told. */
#define DRAIN_SECONDS 2.

static void on_drained(struct ev_loop *loop, ev_timer *timer, int events);

int process_new(struct container *container, const char *id, bool terminal,
		const uint32_t ports[PROCESS_STDIO],
		struct process **ret_process)
{
	struct process *process = calloc(1, sizeof(*process));

	if (process)
		process->id = strdup(id);
	if (!process || !process->id) {
		free(process);
		return -ENOMEM;
	}
	process->agent = container->agent;
	process->container = container;
	process->terminal = terminal;
	process->master = -1;
	memcpy(process->ports, ports, sizeof(process->ports));
	ev_timer_init(&process->drained, on_drained, DRAIN_SECONDS, 0.);
	process->drained.data = process;
	*ret_process = process;
	return 0;
}

static void fail_waiters(struct process *process)
{
	while (process->waiter_count) {
		struct ttrpc_call *call =
			process->waiters[--process->waiter_count];

		ttrpc_call_fail(call, TTRPC_NOT_FOUND,
				"process %s of container %s was removed",
				process->id, process->container->id);
	}
}

void process_free(struct process *process)
{
	if (!process)
		return;
	ev_timer_stop(process->agent->loop, &process->drained);
	if (process->pid && !process->has_exited)
		reaper_forget(process->agent->reaper, process->pid);
	for (int i = 0; i < PROCESS_STDIO; i++)
		stream_pump_free(process->pumps[i]);
	console_free(process->console);
	if (process->master >= 0)
		close(process->master);
	fail_waiters(process);
	free(process->waiters);
	free(process->id);
	free(process);
}

static bool has_output(const struct process *process)
{
	return process->pumps[PROCESS_STDOUT] || process->pumps[PROCESS_STDERR];
}

static void tell_waiters(struct process *process)
{
	Grpc__WaitProcessResponse response = GRPC__WAIT_PROCESS_RESPONSE__INIT;

	response.status = process->exit_code;
	/* So that the event comes before the end that it explains. */
	oom_watch_look(process->agent->oom, process->container->id);
	while (process->waiter_count) {
		process->was_waited_for = true;
		ttrpc_call_reply(process->waiters[--process->waiter_count],
				 &response.base);
	}
}

static bool is_first(const struct process *process)
{
	return !strcmp(process->id, process->container->id);
}

/* The output of an exec may stay open after its end, for what it left in the background. */
static void check_end(struct process *process)
{
	if (process->has_exited && (!is_first(process) || !has_output(process))) {
		ev_timer_stop(process->agent->loop, &process->drained);
		tell_waiters(process);
	}
	container_forget_done(process->container);
}

static void on_drained(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	tell_waiters(timer->data);
}

bool process_is_done(const struct process *process)
{
	return process->has_exited && process->was_waited_for &&
	       !has_output(process) && !process->creator;
}

static void pump_is_done(struct process *process, enum process_stdio which)
{
	stream_pump_free(process->pumps[which]);
	process->pumps[which] = NULL;
	check_end(process);
}

static void on_stdin_done(void *context, int error)
{
	(void)error;
	pump_is_done(context, PROCESS_STDIN);
}

static void on_stdout_done(void *context, int error)
{
	(void)error;
	pump_is_done(context, PROCESS_STDOUT);
}

static void on_stderr_done(void *context, int error)
{
	(void)error;
	pump_is_done(context, PROCESS_STDERR);
}

/* Takes fd in any case. */
static int start_pump(struct process *process, enum process_stdio which, int fd)
{
	static stream_pump_done *const done[] = { on_stdin_done, on_stdout_done,
						  on_stderr_done };
	struct agent *agent = process->agent;
	int r;

	if (fd < 0)
		return -errno;
	r = (which == PROCESS_STDIN ? stream_pump_to : stream_pump_from)(
		agent->loop, agent->streams, process->ports[which], fd,
		done[which], process, &process->pumps[which]);
	if (r < 0)
		close(fd);
	return r;
}

static int open_pipe(struct process *process, enum process_stdio which,
		     int *ret_child)
{
	int ends[2], ours = which == PROCESS_STDIN;

	if (!process->ports[which])
		return 0;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_child = ends[!ours];
	return start_pump(process, which, ends[ours]);
}

int process_open_stdio(struct process *process, const char *console_path,
		       int ret_child[PROCESS_STDIO])
{
	int r = 0;

	for (int i = 0; i < PROCESS_STDIO; i++)
		ret_child[i] = -1;
	if (process->terminal)
		return console_new(console_path, &process->console);
	for (int i = 0; r >= 0 && i < PROCESS_STDIO; i++)
		r = open_pipe(process, i, &ret_child[i]);
	return r;
}

/* Each pump has a descriptor of its own. */
static int attach_terminal(struct process *process)
{
	int r;

	process->master = console_take(process->console);
	console_free(process->console);
	process->console = NULL;
	if (process->master < 0)
		return process->master;
	r = process->ports[PROCESS_STDIN] ?
		    start_pump(process, PROCESS_STDIN,
			       fcntl(process->master, F_DUPFD_CLOEXEC, 3)) :
		    0;
	if (r >= 0 && process->ports[PROCESS_STDOUT])
		r = start_pump(process, PROCESS_STDOUT,
			       fcntl(process->master, F_DUPFD_CLOEXEC, 3));
	return r;
}

/*
 * What it started may keep its descriptors open, in a pod whose containers share
 * their processes; that is not its output. What an exec has started in the background goes
 * on, and may write as long as the shim listens: a closed pipe would be its end.
 */
static void drain_output(struct process *process)
{
	for (int i = PROCESS_STDOUT; i < PROCESS_STDIO; i++)
		if (process->pumps[i])
			stream_pump_drain(process->pumps[i]);
}

static void on_exited(void *context, int status)
{
	struct process *process = context;

	process->has_exited = true;
	process->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) :
						 128 + WTERMSIG(status);
	log_debug("process %s of %s has ended: %d", process->id,
		  process->container->id, process->exit_code);
	stream_pump_free(process->pumps[PROCESS_STDIN]);
	process->pumps[PROCESS_STDIN] = NULL;
	if (is_first(process)) {
		drain_output(process);
		ev_timer_start(process->agent->loop, &process->drained);
	}
	check_end(process);
}

int process_attach(struct process *process, const char *pid_file)
{
	char text[32];
	ssize_t size = file_read(pid_file, text, sizeof(text));
	int r, pid;

	if (size < 0)
		return size;
	pid = atoi(text);
	if (pid <= 1)
		return -EPROTO;
	r = reaper_watch(process->agent->reaper, pid, on_exited, process);
	if (r < 0)
		return r;
	process->pid = pid;
	return process->terminal ? attach_terminal(process) : 0;
}

static void on_wait_cancelled(struct ttrpc_call *call, void *context)
{
	struct process *process = context;

	for (size_t i = 0; i < process->waiter_count; i++)
		if (process->waiters[i] == call)
			process->waiters[i--] =
				process->waiters[--process->waiter_count];
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits any more");
}

void process_wait(struct process *process, struct ttrpc_call *call)
{
	struct ttrpc_call **waiters =
		realloc(process->waiters, (process->waiter_count + 1) *
						  sizeof(struct ttrpc_call *));

	if (!waiters) {
		ttrpc_call_fail_errno(call, ENOMEM, "out of memory");
		return;
	}
	process->waiters = waiters;
	waiters[process->waiter_count++] = call;
	ttrpc_call_on_cancel(call, on_wait_cancelled, process);
	check_end(process);
}

int process_signal(struct process *process, int number)
{
	if (process->creator && number == SIGKILL) {
		process->is_unwanted = true;
		return 0;
	}
	if (!process->pid || process->has_exited)
		return -ESRCH;
	return kill(process->pid, number) < 0 ? -errno : 0;
}

int process_resize(struct process *process, unsigned int rows,
		   unsigned int columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (process->master < 0)
		return -ENOTTY;
	return ioctl(process->master, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}
