/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_GUEST_SPEC_DEVICES_H
#define KBM_AGENT_GUEST_SPEC_DEVICES_H

#include "agent.pb-c.h"
#include "config/problem.h"

/*
 * Gives the devices of the request the numbers that they have in the guest, in
 * the container's list and in its cgroup's rules. Returns 0 or a negative errno
 * with words.
 */
int guest_spec_adapt_devices(Grpc__CreateContainerRequest *request,
			     struct problem *problem);

#endif
