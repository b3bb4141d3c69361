/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Statistics as the agent tells them. */
#ifndef KBM_SHIM_GUEST_STATS_H
#define KBM_SHIM_GUEST_STATS_H

#include "agent.pb-c.h"
#include "stats/stats.h"

/* @ret points into @from, which must outlive it; then guest_stats_done(). */
void guest_stats_read(const Grpc__StatsContainerResponse *from, struct stats *ret);
void guest_stats_done(struct stats *stats);

#endif
