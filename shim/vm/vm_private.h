/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A VM: shared by vm.c and attempt.c. */
#ifndef KBM_SHIM_VM_PRIVATE_H
#define KBM_SHIM_VM_PRIVATE_H

#include <ev.h>

#include "budget.h"
#include "command.h"
#include "end.h"
#include "lines.h"
#include "machine.h"
#include "placement.h"
#include "qmp.h"
#include "vm.h"

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
	struct budget log_budget;
	int agent;
	int streams;
	/* Copies of the caller's, until it has started. */
	int *taps;
	size_t nr_taps;
	bool is_started;
	struct end_signs signs;
	char text[END_TEXT_SIZE];
};

static inline void vm_say(struct vm *vm, enum vm_log level, const char *line)
{
	vm->callbacks.log(vm, level, line, vm->context);
}

/**
 * attempt_start - choose CPUs and run QEMU on them
 *
 * From here on the end comes by callback, if not by another attempt.
 */
int attempt_start(struct vm *vm, struct problem *problem);

/* vm_kill() after some time, unless it has ended. */
void attempt_kill_later(struct vm *vm, double seconds);

/* Kills QEMU and waits, without a callback. */
void attempt_end(struct vm *vm);

/* Our copies of the caller's taps. */
void attempt_close_taps(struct vm *vm);

#endif
