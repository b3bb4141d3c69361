// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/problem.h"
#include "config/take.h"
#include "memory.h"
#include "process.h"
#include "vm_private.h"

static void on_grace_over(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	vm_kill(timer->data);
}

static int check_files(const struct config *config, struct problem *problem)
{
	const char *const files[] = { config->kernel, config->initrd, config->path };
	const char *const keys[] = { "kernel", "initrd", "path" };

	for (int i = 0; i < 3; i++)
		if (*files[i] && access(files[i], i == 2 ? X_OK : R_OK) < 0)
			return problem_set(problem, -errno,
					   "%s = \"%s\" in [hypervisor.qemu] of " CONFIG_PATH
					   ": %s",
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
	if (r == 0)
		r = memory_check(options->config, vm->machine->is_direct, MEMORY_LENDABLE,
				 MEMORY_INFO, problem);
	if (r == 0 && note)
		vm_say(vm, VM_LOG_WARNING, note);
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
		r = attempt_start(vm, problem);
	if (r < 0) {
		vm_free(vm);
		return r;
	}
	*ret = vm;
	return 0;
}

static int take_end(const struct vm *vm, int *fd)
{
	return vm->is_started && *fd >= 0 ? take_fd(fd) : -EBADF;
}

int vm_take_agent(struct vm *vm)
{
	return take_end(vm, &vm->agent);
}

int vm_take_streams(struct vm *vm)
{
	return take_end(vm, &vm->streams);
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
	attempt_kill_later(vm, grace);
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
		attempt_end(vm);
	attempt_close_taps(vm);
	placement_done(&vm->placement);
	command_done(&vm->command);
	free(vm->state_dir);
	free(vm);
	return NULL;
}
