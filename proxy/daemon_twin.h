/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes of twins. Each is forked and shut in before it knows its session,
 * which it gets by an order: so that one can be there ahead of time, the spare.
 */
#ifndef KBM_PROXY_DAEMON_TWIN_H
#define KBM_PROXY_DAEMON_TWIN_H

#include <sys/types.h>

#include "isolation.h"
#include "twin_order.h"

/* Makes the first spare. @isolation stays the caller's, and where it is. */
void twins_init(const struct isolation *isolation);

/*
 * A twin for this session: the spare, or a new process. Its pid or negative
 * errno; it is the caller's to wait for. Another spare is made later.
 */
pid_t twin_start(const struct twin_order *order);

#endif
