/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Descriptors that outlive a restart of the daemon: systemd keeps them. Without
 * systemd nothing is kept. Names: letters, digits and '-'; several descriptors
 * may have one name, and are then removed together.
 */
#ifndef KBM_PROXY_FD_STORE_H
#define KBM_PROXY_FD_STORE_H

#include <stdbool.h>

/* Takes what systemd has kept; once, before all others. */
void fd_store_init(void);

/* systemd has a copy from now on; @fd stays the caller's. */
int fd_store_add(const char *name, int fd);
void fd_store_remove(const char *name);

/*
 * The next descriptor with that name that was there at the start, the caller's
 * from now on; -1: none (any more).
 */
int fd_store_take(const char *name);

/* Tells systemd: "READY=1" and such. */
void fd_store_notify(const char *state);

#endif
