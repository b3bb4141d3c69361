// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ev.h>
#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "command.h"
#include "config/config.h"
#include "config/problem.h"
#include "end.h"
#include "lines.h"
#include "machine.h"
#include "placement.h"
#include "process.h"
#include "qmp.h"
#include "record.h"

/* Until QEMU answers: it wipes and maps all memory before. */
#define START_SECONDS	120.
/* A QEMU that has closed its monitor is about to end, and will say why. */
#define END_SECONDS	5.
/* How often other CPUs are tried when the host refuses some. */
#define MAX_ATTEMPTS	8

struct vm {
	struct ev_loop *loop;
	struct vm_callbacks callbacks;
	void *context;
	/* For further attempts. */
	const struct machine *machine;
	struct command command;
	unsigned int nr_cpus;
	struct placement placement;
	unsigned int attempts;
	char *state_dir;
	/* The process. */
	pid_t pid;
	int pidfd;
	ev_io pidfd_watcher;
	ev_timer grace;
	struct qmp qmp;
	struct lines console;
	struct lines messages;
	int agent;
	int streams;
	/* Copies of the caller's, until it has started. */
	int *taps;
	size_t nr_taps;
	bool is_started;
	struct end_signs signs;
	char text[END_TEXT_SIZE];
};

static void say(struct vm *vm, enum vm_log level, const char *line)
{
	vm->callbacks.log(vm, level, line, vm->context);
}

static void on_console(const char *line, void *context)
{
	struct vm *vm = context;

	end_console(&vm->signs, line);
	say(vm, VM_LOG_CONSOLE, line);
}

static void on_message(const char *line, void *context)
{
	struct vm *vm = context;

	end_message(&vm->signs, line);
	say(vm, VM_LOG_WARNING, line);
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

static void close_taps(struct vm *vm)
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
	close_taps(vm);
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

/* Our end and QEMU's of a stream; how QEMU waits is its own choice. */
static int make_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

/* Ends of the streams between us and QEMU; -1: none. */
struct pairs {
	int ours[VM_FD_CLAIM - VM_FD_QMP + 1];
	int theirs[VM_FD_CLAIM - VM_FD_QMP + 1];
};

#define NR_PAIRS	(VM_FD_CLAIM - VM_FD_QMP)
/* The last pair: QEMU's output, which is no number of enum vm_fd. */
#define OUTPUT		NR_PAIRS

static void close_pairs(struct pairs *pairs)
{
	for (int i = 0; i <= OUTPUT; i++) {
		close_fd(pairs->ours[i]);
		close_fd(pairs->theirs[i]);
		pairs->ours[i] = pairs->theirs[i] = -1;
	}
}

static int make_pairs(struct pairs *pairs)
{
	int r = 0;

	for (int i = 0; i <= OUTPUT; i++)
		pairs->ours[i] = pairs->theirs[i] = -1;
	for (int i = 0; r == 0 && i <= OUTPUT; i++)
		r = make_pair(&pairs->ours[i], &pairs->theirs[i]);
	if (r < 0)
		close_pairs(pairs);
	return r;
}

static int run_qemu(struct vm *vm, const struct pairs *pairs)
{
	int fds[PROCESS_MAX_FDS];
	size_t nr = 0;

	if (vm->nr_taps > PROCESS_MAX_FDS - NR_PAIRS - 1)
		return -E2BIG;
	for (int i = 0; i < NR_PAIRS; i++)
		fds[nr++] = pairs->theirs[i];
	fds[nr++] = vm->placement.fd;
	for (size_t i = 0; i < vm->nr_taps; i++)
		fds[nr++] = vm->taps[i];
	return process_start(vm->command.words, fds, nr, pairs->theirs[OUTPUT], &vm->pid, &vm->pidfd);
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

static int launch(struct vm *vm, struct problem *problem);

/* Return: another attempt runs. */
static bool try_again(struct vm *vm)
{
	struct problem problem = { "" };
	int r;

	if (vm->is_started || vm->signs.is_asked || ++vm->attempts == MAX_ATTEMPTS ||
	    !placement_refused(&vm->placement, vm->signs.words))
		return false;
	vm->signs = (struct end_signs){ 0 };
	r = launch(vm, &problem);
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

static void on_grace_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	vm_kill(timer->data);
}

static void kill_later(struct vm *vm, double seconds)
{
	ev_timer_set(&vm->grace, seconds, 0.);
	ev_timer_start(vm->loop, &vm->grace);
}

/* Without a callback. */
static void end_process(struct vm *vm)
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
	lines_start(&vm->messages, vm->loop, pairs->ours[OUTPUT], on_message, vm);
	ev_io_init(&vm->pidfd_watcher, on_end, vm->pidfd, EV_READ);
	vm->pidfd_watcher.data = vm;
	/* What QEMU has said is to be read before it is known to be gone. */
	ev_set_priority(&vm->pidfd_watcher, EV_MINPRI);
	ev_io_start(vm->loop, &vm->pidfd_watcher);
	for (int i = 0; i <= OUTPUT; i++)
		pairs->ours[i] = -1;
}

static int run_and_watch(struct vm *vm, struct problem *problem)
{
	struct pairs pairs;
	int r = make_pairs(&pairs);

	if (r == 0)
		r = run_qemu(vm, &pairs);
	if (r < 0) {
		close_pairs(&pairs);
		return problem_set(problem, r, "%s: cannot start it: %s", vm->command.words[0],
				   strerror(-r));
	}
	watch(vm, &pairs);
	close_pairs(&pairs);
	r = write_record(vm, problem);
	if (r < 0)
		end_process(vm);
	else if (qmp_call(&vm->qmp, "qmp_capabilities", START_SECONDS, on_capabilities, vm) < 0)
		kill_later(vm, END_SECONDS);
	return r;
}

/* One attempt: the CPUs, in their place in the command line, and the process. */
static int launch_on_cpus(struct vm *vm, struct problem *problem)
{
	char *without = vm->command.words[MACHINE_WORD], *with = NULL;
	char cpus[CPU_LIST_TEXT_SIZE];
	int r;

	r = placement_choose(&vm->placement, vm->nr_cpus, problem);
	if (r < 0)
		return r;
	cpu_list_print(&vm->placement.cpus, '+', cpus, sizeof(cpus));
	if (asprintf(&with, "%s%s", without, cpus) < 0)
		return -ENOMEM;
	vm->command.words[MACHINE_WORD] = with;
	r = run_and_watch(vm, problem);
	vm->command.words[MACHINE_WORD] = without;
	free(with);
	return r;
}

static int launch(struct vm *vm, struct problem *problem)
{
	return vm->machine->is_direct ? launch_on_cpus(vm, problem) : run_and_watch(vm, problem);
}

static int check_files(const struct config *config, struct problem *problem)
{
	const char *const files[] = { config->kernel, config->initrd, config->path };
	const char *const keys[] = { "kernel", "initrd", "path" };

	for (int i = 0; i < 3; i++)
		if (*files[i] && access(files[i], i == 2 ? X_OK : R_OK) < 0)
			return problem_set(problem, -errno,
					   "%s = \"%s\" in [hypervisor.qemu] of " CONFIG_PATH ": %s",
					   keys[i], files[i], strerror(errno));
	return 0;
}

static int copy_taps(struct vm *vm, const struct vm_options *options)
{
	vm->taps = calloc(options->nr_nics + 1, sizeof(*vm->taps));
	if (!vm->taps)
		return -ENOMEM;
	for (; vm->nr_taps < options->nr_nics; vm->nr_taps++) {
		vm->taps[vm->nr_taps] = fcntl(options->nics[vm->nr_taps].tap, F_DUPFD_CLOEXEC, 0);
		if (vm->taps[vm->nr_taps] < 0)
			return -errno;
	}
	return 0;
}

/* All that can be said before QEMU is asked. */
static int prepare(struct vm *vm, const struct vm_options *options, struct problem *problem)
{
	const char *note = NULL;
	int r;

	vm->machine = machine_of(options->config);
	vm->nr_cpus = options->config->vcpus;
	vm->state_dir = strdup(options->state_dir);
	if (!vm->state_dir)
		return -ENOMEM;
	r = machine_command(vm->machine, options, &vm->command, &note, problem);
	if (r == 0)
		r = check_files(options->config, problem);
	if (r == 0)
		r = copy_taps(vm, options);
	if (r == 0 && vm->machine->is_direct)
		r = placement_open(&vm->placement, options->config, PLACEMENT_FILE, problem);
	if (r == 0 && note)
		say(vm, VM_LOG_WARNING, note);
	return r;
}

int vm_start(struct ev_loop *loop, const struct vm_options *options,
	     const struct vm_callbacks *callbacks, void *context, struct vm **ret,
	     struct problem *problem)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int r;

	if (!vm)
		return -ENOMEM;
	vm->loop = loop;
	vm->callbacks = *callbacks;
	vm->context = context;
	vm->pidfd = vm->agent = vm->streams = vm->placement.fd = -1;
	ev_timer_init(&vm->grace, on_grace_over, 0., 0.);
	vm->grace.data = vm;
	r = prepare(vm, options, problem);
	if (r == 0)
		r = launch(vm, problem);
	if (r < 0) {
		vm_free(vm);
		return r;
	}
	*ret = vm;
	return 0;
}

static int take_fd(const struct vm *vm, int *fd)
{
	int taken = *fd;

	if (!vm->is_started || taken < 0)
		return -EBADF;
	*fd = -1;
	return taken;
}

int vm_take_agent(struct vm *vm)
{
	return take_fd(vm, &vm->agent);
}

int vm_take_streams(struct vm *vm)
{
	return take_fd(vm, &vm->streams);
}

pid_t vm_pid(const struct vm *vm)
{
	return vm->pid;
}

/* The process goes on to end: that is what counts. */
static void on_quit(int error, struct json_object *result, const char *text, void *context)
{
	(void)error;
	(void)result;
	(void)text;
	(void)context;
}

void vm_stop(struct vm *vm, double grace)
{
	if (vm->pidfd < 0 || vm->signs.is_asked)
		return;
	vm->signs.is_asked = true;
	if (!vm->is_started || qmp_call(&vm->qmp, "quit", grace, on_quit, vm) < 0) {
		vm_kill(vm);
		return;
	}
	kill_later(vm, grace);
}

void vm_kill(struct vm *vm)
{
	if (vm->pidfd < 0)
		return;
	vm->signs.is_asked = true;
	process_signal(vm->pidfd, SIGKILL);
}

struct vm *vm_free(struct vm *vm)
{
	if (!vm)
		return NULL;
	if (vm->pidfd >= 0)
		end_process(vm);
	close_taps(vm);
	placement_done(&vm->placement);
	command_done(&vm->command);
	free(vm->state_dir);
	free(vm);
	return NULL;
}
