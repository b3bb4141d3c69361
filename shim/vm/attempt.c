// SPDX-License-Identifier: GPL-2.0-or-later
/* QEMU's process, from its start to its end; once more if the host lends other CPUs only. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "pairs.h"
#include "process.h"
#include "record.h"
#include "vm_private.h"

/* Until QEMU answers: it wipes and maps all memory before. */
#define START_SECONDS	120.
/* A QEMU that has closed its monitor is about to end, and will say why. */
#define END_SECONDS	5.
/* How often other CPUs are tried when the host refuses some. */
#define MAX_ATTEMPTS	8

/* A line of the guest's, or one that the guest may have caused. */
static void say_if_few(struct vm *vm, enum vm_log level, const char *line)
{
	unsigned long nr_dropped;
	char text[96];

	if (!budget_take(&vm->log_budget, ev_now(vm->loop), &nr_dropped))
		return;
	if (nr_dropped) {
		snprintf(text, sizeof(text), "%lu lines of console and QEMU left out", nr_dropped);
		vm_say(vm, VM_LOG_WARNING, text);
	}
	vm_say(vm, level, line);
}

static void on_console(const char *line, void *context)
{
	struct vm *vm = context;

	end_console(&vm->signs, line);
	say_if_few(vm, VM_LOG_CONSOLE, line);
}

static void on_message(const char *line, void *context)
{
	struct vm *vm = context;

	end_message(&vm->signs, line);
	say_if_few(vm, VM_LOG_WARNING, line);
}

static void on_qmp_event(const char *name, struct json_object *data, void *context)
{
	struct vm *vm = context;

	end_event(&vm->signs, name, data);
}

/* The process itself says whether it is the end. */
static void on_qmp_closed(void *context)
{
	(void)context;
}

void attempt_close_taps(struct vm *vm)
{
	for (size_t i = 0; vm->taps && i < vm->nr_taps; i++)
		close_fd(vm->taps[i]);
	free(vm->taps);
	vm->taps = NULL;
}

static void fail_start(struct vm *vm, const char *text)
{
	vm->signs.is_stuck = true;
	end_message(&vm->signs, text);
	vm_kill(vm);
}

static void on_status(int error, struct json_object *result, const char *text, void *context)
{
	struct vm *vm = context;

	(void)result;
	if (error == -ECONNRESET)
		return;
	if (error < 0) {
		fail_start(vm, text);
		return;
	}
	vm->is_started = true;
	attempt_close_taps(vm);
	vm->callbacks.started(vm, vm->context);
}

/* QEMU has set the VM up: its main loop runs, and with it the guest's CPUs. */
static void on_capabilities(int error, struct json_object *result, const char *text, void *context)
{
	struct vm *vm = context;

	(void)result;
	if (error == -ECONNRESET)
		return;
	if (error == 0)
		error = qmp_call(&vm->qmp, "query-status", START_SECONDS, on_status, vm);
	if (error < 0)
		fail_start(vm, text);
}

static int run_qemu(struct vm *vm, const struct pairs *pairs)
{
	int fds[PROCESS_MAX_FDS];
	size_t nr = 0;

	if (vm->nr_taps > PROCESS_MAX_FDS - PAIRS_OUTPUT - 1)
		return -E2BIG;
	for (int i = 0; i < PAIRS_OUTPUT; i++)
		fds[nr++] = pairs->theirs[i];
	fds[nr++] = vm->placement.fd;
	for (size_t i = 0; i < vm->nr_taps; i++)
		fds[nr++] = vm->taps[i];
	return process_start(vm->command.words, fds, nr, pairs->theirs[PAIRS_OUTPUT], &vm->pid,
			     &vm->pidfd);
}

static int reap(struct vm *vm, int *ret_code, int *ret_status)
{
	siginfo_t info = { 0 };
	int r;

	do
		r = waitid(P_PIDFD, (id_t)vm->pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	*ret_code = r < 0 ? 0 : info.si_code;
	*ret_status = r < 0 ? 0 : info.si_status;
	return r < 0 ? -errno : 0;
}

/* All of the process that is gone; what the caller took stays its own. */
static void forget_process(struct vm *vm)
{
	ev_io_stop(vm->loop, &vm->pidfd_watcher);
	ev_timer_stop(vm->loop, &vm->grace);
	qmp_stop(&vm->qmp);
	lines_stop(&vm->console);
	lines_stop(&vm->messages);
	close_fd(vm->pidfd);
	close_fd(vm->agent);
	close_fd(vm->streams);
	vm->pidfd = vm->agent = vm->streams = -1;
	vm->pid = 0;
	record_remove(vm->state_dir);
}

/* Return: another attempt runs. */
static bool try_again(struct vm *vm)
{
	struct problem problem = { "" };
	int r;

	if (vm->is_started || vm->signs.is_asked || ++vm->attempts == MAX_ATTEMPTS ||
	    !placement_refused(&vm->placement, vm->signs.words))
		return false;
	vm->signs = (struct end_signs){ 0 };
	r = attempt_start(vm, &problem);
	if (r == 0)
		return true;
	end_message(&vm->signs, *problem.text ? problem.text : strerror(-r));
	return false;
}

static void on_end(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct vm *vm = watcher->data;
	struct vm_end end = { .was_started = vm->is_started };
	int code, status;

	(void)loop;
	(void)events;
	/* Its last words are in the sockets. */
	qmp_drain(&vm->qmp);
	lines_drain(&vm->console);
	lines_drain(&vm->messages);
	reap(vm, &code, &status);
	forget_process(vm);
	if (try_again(vm))
		return;
	placement_done(&vm->placement);
	end_conclude(&vm->signs, vm->machine->is_direct, code, status, vm->text, &end);
	vm->callbacks.ended(vm, &end, vm->context);
}

void attempt_kill_later(struct vm *vm, double seconds)
{
	ev_timer_set(&vm->grace, seconds, 0.);
	ev_timer_start(vm->loop, &vm->grace);
}

void attempt_end(struct vm *vm)
{
	int code, status;

	process_signal(vm->pidfd, SIGKILL);
	reap(vm, &code, &status);
	forget_process(vm);
}

static int write_record(struct vm *vm, struct problem *problem)
{
	struct record record;
	int r = record_of(vm->pid, &record);

	if (r == 0)
		r = record_write(vm->state_dir, &record);
	if (r < 0)
		return problem_set(problem, r, "%s/" RECORD_FILE ": cannot write it: %s",
				   vm->state_dir, strerror(-r));
	return 0;
}

/* From here on, the end comes by callback. */
static void watch(struct vm *vm, struct pairs *pairs)
{
	vm->qmp = (struct qmp){
		.event = on_qmp_event, .closed = on_qmp_closed, .context = vm,
	};
	qmp_start(&vm->qmp, vm->loop, pairs->ours[0]);
	vm->agent = pairs->ours[VM_FD_AGENT - VM_FD_QMP];
	vm->streams = pairs->ours[VM_FD_STREAMS - VM_FD_QMP];
	lines_start(&vm->console, vm->loop, pairs->ours[VM_FD_CONSOLE - VM_FD_QMP], on_console, vm);
	lines_start(&vm->messages, vm->loop, pairs->ours[PAIRS_OUTPUT], on_message, vm);
	ev_io_init(&vm->pidfd_watcher, on_end, vm->pidfd, EV_READ);
	vm->pidfd_watcher.data = vm;
	/* What QEMU has said is to be read before it is known to be gone. */
	ev_set_priority(&vm->pidfd_watcher, EV_MINPRI);
	ev_io_start(vm->loop, &vm->pidfd_watcher);
	for (int i = 0; i < PAIRS_NR; i++)
		pairs->ours[i] = -1;
}

static int run_and_watch(struct vm *vm, struct problem *problem)
{
	struct pairs pairs;
	int r = pairs_open(&pairs);

	if (r == 0)
		r = run_qemu(vm, &pairs);
	if (r < 0) {
		pairs_close(&pairs);
		return problem_set(problem, r, "%s: cannot start it: %s", vm->command.words[0],
				   strerror(-r));
	}
	watch(vm, &pairs);
	pairs_close(&pairs);
	r = write_record(vm, problem);
	if (r < 0)
		attempt_end(vm);
	else if (qmp_call(&vm->qmp, "qmp_capabilities", START_SECONDS, on_capabilities, vm) < 0)
		attempt_kill_later(vm, END_SECONDS);
	return r;
}

/* One attempt: the CPUs, in their place in the command line, and the process. */
static int start_on_cpus(struct vm *vm, struct problem *problem)
{
	char *without = vm->command.words[MACHINE_WORD], *with = NULL;
	char cpus[CPU_LIST_TEXT_SIZE];
	int r;

	r = placement_choose(&vm->placement, vm->nr_cpus, problem);
	if (r < 0)
		return r;
	if (cpu_list_count(&vm->placement.cpus) > vm->nr_cpus)
		vm_say(vm, VM_LOG_INFO, "the guest gets more CPUs than it asked for: whole cores");
	cpu_list_print(&vm->placement.cpus, '+', cpus, sizeof(cpus));
	if (asprintf(&with, "%s%s", without, cpus) < 0)
		return -ENOMEM;
	vm->command.words[MACHINE_WORD] = with;
	r = run_and_watch(vm, problem);
	vm->command.words[MACHINE_WORD] = without;
	free(with);
	return r;
}

int attempt_start(struct vm *vm, struct problem *problem)
{
	return vm->machine->is_direct ? start_on_cpus(vm, problem) : run_and_watch(vm, problem);
}

