/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pod uses: all its containers together. */
#ifndef KBM_SHIM_POD_STATS_H
#define KBM_SHIM_POD_STATS_H

struct failure;
struct shim;
struct stats;

/*
 * Asks for each container that is there, and adds them up. @done is called once, perhaps
 * before this returns, with statistics or with why there are none; they are gone
 * when it returns. @seconds: limit of each call.
 */
void pod_stats_get(struct shim *shim, double seconds,
		   void (*done)(const struct failure *failure, const struct stats *stats,
				void *context),
		   void *context);

#endif
