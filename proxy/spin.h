/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long to spin before sleeping: as long as spinning ends waits. All times are
 * cycles of the time stamp counter. No state but struct spin, no system calls.
 */
#ifndef KBM_PROXY_SPIN_H
#define KBM_PROXY_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* Some tens of microseconds at most, about one at least. */
#define SPIN_MAX	150000u
#define SPIN_MIN	3000u

/**
 * struct spin - one waiter's experience
 * @budget:	spin so long, then sleep.
 * @raised:	the budget is one that the last wait would have ended in.
 * @hold:	how often a short wait did not raise it, after it was raised in vain.
 * @held:	... and how often it still will not.
 */
struct spin {
	uint32_t budget;
	bool raised;
	uint32_t hold;
	uint32_t held;
};

void spin_init(struct spin *spin);

/* Spinning has ended a wait. */
void spin_hit(struct spin *spin);

/* It has not: the waiter slept, and has @waited so long in all. */
void spin_missed(struct spin *spin, uint64_t waited);

#endif
