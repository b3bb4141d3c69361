/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_SERVICE_H
#define KBM_AGENT_SERVICE_H

#include "agent.h"

/*
 * Serves the agent's calls on a descriptor, which becomes the server's. The
 * guest ends when it is closed: nobody else could talk to it. Returns 0 or a
 * negative errno.
 */
int service_start(struct agent *agent, int fd);

#endif
