/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many lines a guest may put into the log: many at once, few for long. The
 * log is the host's disk, and a guest can write to its console for ever.
 */
#ifndef KBM_SHIM_VM_BUDGET_H
#define KBM_SHIM_VM_BUDGET_H

#include <stdbool.h>

#include <ev.h>

#define BUDGET_LINES		2000
#define BUDGET_LINES_PER_SECOND	20

/* All zero: nothing was spent yet. */
struct budget {
	double spent;
	ev_tstamp last;
	unsigned long nr_dropped;
};

/**
 * budget_take - may one more line pass
 * @ret_dropped:	if so: how many did not, since the last that did.
 */
bool budget_take(struct budget *budget, ev_tstamp now, unsigned long *ret_dropped);

#endif
