/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The twin's side of the rings of dirtied pages (KVM_CAP_DIRTY_LOG_RING): the
 * kernel's own stays here, the client has a copy. See wire.h for what is copied
 * when.
 */
#ifndef KBM_PROXY_DIRTY_RING_H
#define KBM_PROXY_DIRTY_RING_H

#include <pthread.h>
#include <stdint.h>

#include "transport.h"

struct dirty_ring;

#define DIRTY_RING_MAX	(65536u * 16u)	/* KVM has none with more entries */

/**
 * struct dirty_rings - of a VM's vCPUs
 * @bytes:	of each; 0: they have none.
 */
struct dirty_rings {
	pthread_mutex_t lock;
	uint64_t bytes;
	struct dirty_ring *first;
};

void dirty_rings_init(struct dirty_rings *rings);
/* There is no ring any more. */
void dirty_rings_done(struct dirty_rings *rings);

/* vCPUs that are made from now on have rings of @bytes, says KVM: a power of two. */
void dirty_rings_enable(struct dirty_rings *rings, uint64_t bytes);

/* Before KVM_RESET_DIRTY_RINGS, and after it. */
void dirty_rings_before_reset(struct dirty_rings *rings);
void dirty_rings_after_reset(struct dirty_rings *rings);

/* That of the vCPU @fd; *@ret_ring is NULL if vCPUs have none. */
int dirty_ring_new(struct dirty_rings *rings, int fd, struct dirty_ring **ret_ring);
void dirty_ring_free(struct dirty_ring *ring);

/*
 * Gives it the client's copy: the memory of @message, or of @fd. -ENODEV: no ring.
 * -EEXIST: it has one. -EINVAL: not as large as the ring.
 */
int dirty_ring_share(struct dirty_ring *ring, struct transport *transport,
		     const struct kbm_message *message, int fd);

/* After KVM_RUN; @ring may be NULL. */
void dirty_ring_publish(struct dirty_ring *ring);

#endif
