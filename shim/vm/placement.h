/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CPUs of the host a guest gets. Shims agree by locks on the bytes of one
 * file, a byte a CPU: who holds the lock has the CPU. They are locks of an open
 * file (F_OFD_SETLK) that QEMU inherits, so they go away with the last of shim
 * and QEMU, however these end. The host's kernel refuses what is taken by others;
 * placement_refused() learns from its words.
 */
#ifndef KBM_SHIM_VM_PLACEMENT_H
#define KBM_SHIM_VM_PLACEMENT_H

#include <stdbool.h>

#include "config/cpu_list.h"

#include "cores.h"

struct config;
struct problem;

/* Tests have another. */
#ifndef PLACEMENT_FILE
#define PLACEMENT_FILE	"/run/kata-bm/cpus.lock"
#endif

struct placement {
	/* The lock file; -1: not open. */
	int fd;
	/* CPUs that a guest may have, as far as is known. */
	struct cpu_list allowed;
	/* The configuration says so, and not only the kernel. */
	bool is_configured;
	struct cores cores;
	/* The choice: locked. */
	struct cpu_list cpus;
};

/**
 * placement_open - learn which CPUs there are
 * @file:	PLACEMENT_FILE; tests have others.
 */
int placement_open(struct placement *placement, const struct config *config, const char *file,
		   struct problem *problem);

/**
 * placement_choose - claim @nr CPUs, or a few more: whole cores
 *
 * -EBUSY: fewer are free; @problem says how many were asked, which are free, and
 * what to do. Nothing is claimed then.
 */
int placement_choose(struct placement *placement, unsigned int nr, struct problem *problem);

/**
 * placement_refused - the host did not lend a CPU
 * @message:	QEMU's; it has the number and the kernel's words.
 *
 * Gives all back. Also learns which CPUs share a core, where this kernel does not
 * know it: in a control BM; shims after this one know it then, too. Return: whether
 * another placement_choose() makes sense.
 */
bool placement_refused(struct placement *placement, const char *message);

/* Gives all back, and closes. */
void placement_done(struct placement *placement);

#endif
