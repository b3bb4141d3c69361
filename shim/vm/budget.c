// SPDX-License-Identifier: GPL-2.0-or-later
#include "budget.h"

bool budget_take(struct budget *budget, ev_tstamp now, unsigned long *ret_dropped)
{
	budget->spent -= (now - budget->last) * BUDGET_LINES_PER_SECOND;
	budget->last = now;
	/* The clock may have been set back. */
	if (budget->spent < 0 || budget->spent > BUDGET_LINES + 1)
		budget->spent = 0;
	if (budget->spent > BUDGET_LINES - 1) {
		budget->nr_dropped++;
		return false;
	}
	budget->spent++;
	*ret_dropped = budget->nr_dropped;
	budget->nr_dropped = 0;
	return true;
}
