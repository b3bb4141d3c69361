/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Both sides of a ring; see wire.h for the rules. */
#ifndef KBM_PROXY_RING_H
#define KBM_PROXY_RING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "spin.h"
#include "wire.h"

struct transport;

/**
 * struct ring - one side's private view
 * @shared:	the memory; the arena has @arena bytes. Its owner maps it.
 * @transport:	wakes the other side.
 * @index:	the ring's number in the session.
 * @own_fd:	eventfd on which this side sleeps; not blocking.
 * @peer_fd:	unix: eventfd on which the other sleeps, not blocking; else -1.
 * @signal_fd:	client: ends a wait with a mask as a signal does; -1: none.
 * @sq:		this side's count of submissions.
 * @cq:		this side's count of completions.
 * @spin:	how long to spin before sleeping; adapts itself.
 */
struct ring {
	struct kbm_ring *shared;
	struct transport *transport;
	uint32_t arena;
	uint32_t index;
	int own_fd;
	int peer_fd;
	int signal_fd;
	uint32_t sq;
	uint32_t cq;
	struct spin spin;
};

/* @bytes of memory, zero in a new ring. -EINVAL: no size of a ring. */
int ring_init(struct ring *ring, void *shared, uint64_t bytes);
uint8_t *ring_arena(const struct ring *ring);

/* Client: -EBUSY if the ring is full. */
int ring_submit(struct ring *ring, const struct kbm_sqe *sqe);

/*
 * Client: takes the next completion. -EAGAIN: none there, and @mask given and a
 * signal arrived. -EIO: @end_fd (struct transport) hung up. -EPROTO: damage.
 */
int ring_wait_completion(struct ring *ring, int end_fd, const sigset_t *mask,
			 struct kbm_cqe *ret_cqe);

/* Twin: waits for a call. -EPROTO: the ring is damaged. */
int ring_wait_call(struct ring *ring, struct kbm_sqe *ret_sqe);
/* Twin: the end of a call. Whether the client slept, and was woken. */
bool ring_complete(struct ring *ring, const struct kbm_cqe *cqe);

/* Signals an eventfd: wakes who sleeps on it, or finds it awake. */
void ring_signal(int fd);

#endif
