/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both sides of a ring; see wire.h for the rules. */
#ifndef KBM_PROXY_RING_H
#define KBM_PROXY_RING_H

#include <signal.h>
#include <stdint.h>

#include "wire.h"

/**
 * struct ring - one side's private view
 * @shared:	the mapping, KBM_RING_SIZE bytes.
 * @twin_fd:	eventfd that wakes the twin.
 * @client_fd:	eventfd that wakes the client.
 * @sq:		this side's index of submissions.
 * @cq:		this side's index of completions.
 * @spin:	how long to spin before sleeping, in loops; adapts itself.
 */
struct ring {
	struct kbm_ring *shared;
	int twin_fd;
	int client_fd;
	uint32_t sq;
	uint32_t cq;
	uint32_t spin;
};

/* Maps the ring memory in @memfd, which must be sealed against shrinking. */
int ring_map(struct ring *ring, int memfd);
void ring_done(struct ring *ring);
uint8_t *ring_arena(const struct ring *ring);

/* Client: -EBUSY if the ring is full. */
int ring_submit(struct ring *ring, const struct kbm_sqe *sqe);

/*
 * Client: takes the next completion. -EAGAIN: none there, and @mask given and a
 * signal arrived. -EIO: @peer_fd, the connection, was closed. -EPROTO: garbage.
 */
int ring_wait_completion(struct ring *ring, int peer_fd, const sigset_t *mask,
			 struct kbm_cqe *ret_cqe);

/* Twin: waits for a call. -EPROTO: the ring is damaged. */
int ring_wait_call(struct ring *ring, struct kbm_sqe *ret_sqe);

/* Twin: -EPROTO if the client does not take its completions. */
int ring_complete(struct ring *ring, const struct kbm_cqe *cqe);

#endif
