/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin's lease: what the host has lent to this session. */
#ifndef KBM_PROXY_LEASE_H
#define KBM_PROXY_LEASE_H

#include <stdint.h>

struct kbm_session_host;
struct lease;

/*
 * @fd: /dev/kata-bm; stays the caller's, and open for as long. @page: where what
 * is lent is told to the control BM, or NULL.
 */
struct lease *lease_new(int fd, struct kbm_session_host *page);
/* Unmaps. What is lent goes back with the last user of @fd. */
void lease_free(void *lease);

/*
 * An ioctl of kbm.h on the lease, with its structure at @argument; negative
 * errno. -ENOSPC: as many CPUs or extents as a session can have.
 */
int lease_ioctl(struct lease *lease, unsigned long request, void *argument);

/* Where [@start, +@bytes) of lent memory is mapped, or NULL. */
void *lease_address(struct lease *lease, uint64_t start, uint64_t bytes);

#endif
