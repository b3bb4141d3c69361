/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a container, from its last processes to its memory. */
#ifndef KBM_AGENT_REMOVAL_H
#define KBM_AGENT_REMOVAL_H

#include "container.h"

struct ttrpc_call;

/*
 * Kills all processes, has crun forget the container, and frees it; then answers
 * call, which may be NULL. Returns a negative errno when it could not begin: then
 * the container is as before, but for its processes, and call is the caller's.
 */
int removal_start(struct container *container, struct ttrpc_call *call);

#endif
