/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_PAUSE_H
#define KBM_AGENT_PAUSE_H

#include <sys/types.h>

/*
 * Starts a process that does nothing but hold a new PID namespace, which
 * containers of a pod can share, and reap in it. Returns its number or a
 * negative errno.
 */
pid_t pause_start(void);

#endif
