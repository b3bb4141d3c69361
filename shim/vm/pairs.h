/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The streams between us and QEMU: ours and its ends. */
#ifndef KBM_SHIM_VM_PAIRS_H
#define KBM_SHIM_VM_PAIRS_H

#include "machine.h"

/* In the order of enum vm_fd; the last is QEMU's output. */
#define PAIRS_OUTPUT	(VM_FD_CLAIM - VM_FD_QMP)
#define PAIRS_NR	(PAIRS_OUTPUT + 1)

/* -1: none, or given away. */
struct pairs {
	int ours[PAIRS_NR];
	int theirs[PAIRS_NR];
};

/* Ours do not block; how QEMU waits is its own choice. */
int pairs_open(struct pairs *pairs);
void pairs_close(struct pairs *pairs);

#endif
