/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether there is memory for a guest, before it is started, or in the host's words. */
#ifndef KBM_SHIM_VM_MEMORY_H
#define KBM_SHIM_VM_MEMORY_H

#include <stdbool.h>

struct config;
struct problem;

/* Runs of memory that the kernel lends; a control BM does not have it. */
#define MEMORY_LENDABLE "/sys/class/misc/kata-bm/memory"
#define MEMORY_INFO "/proc/meminfo"

/**
 * memory_check - is there as much as config.memory says
 * @is_direct:	it is to be lent, else it is this machine's.
 * @lendable:	MEMORY_LENDABLE; tests have others.
 * @info:	MEMORY_INFO.
 *
 * What cannot be seen from here is left to the host, which refuses, too. -EBUSY: there
 * is less; @problem says what was asked, what is free, and what to do.
 */
int memory_check(const struct config *config, bool is_direct, const char *lendable,
		 const char *info, struct problem *problem);

/* If QEMU's last words are that the host lends no memory: what to do. Else "". */
const char *memory_remedy(const char *words);

#endif
