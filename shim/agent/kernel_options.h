/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line, as far as it is for the agent. */
#ifndef KBM_AGENT_KERNEL_OPTIONS_H
#define KBM_AGENT_KERNEL_OPTIONS_H

#include <stdbool.h>

/* Whether words has "agent.log=debug" (or "trace"); of several the last counts. */
bool kernel_options_debug(const char *words);

#endif
