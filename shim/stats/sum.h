/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics of several containers of one guest, added up. */
#ifndef SHIM_STATS_SUM_H
#define SHIM_STATS_SUM_H

#include "stats/stats.h"

/* All zero: of none. The rows that @stats points to are its own. */
struct stats_sum {
	struct stats stats;
	size_t nr_added;
};

/*
 * All numbers are sums, and where one container has no limit the sum has none. Interfaces
 * are the guest's, the same for all containers: the last told count. -ENOMEM: the
 * sum is good for nothing but stats_sum_done().
 */
int stats_sum_add(struct stats_sum *sum, const struct stats *more);

void stats_sum_done(struct stats_sum *sum);

#endif
