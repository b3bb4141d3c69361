/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_INTERFACE_STATS_H
#define KBM_AGENT_INTERFACE_STATS_H

#include "agent.pb-c.h"

/*
 * Counters of the guest's interfaces, loopback aside; the guest has its network
 * to itself, so they are the container's. The elements and the array are the
 * caller's to free. Returns 0 or a negative errno.
 */
int interface_stats(Grpc__NetworkStats ***ret_stats, size_t *ret_count);

#endif
