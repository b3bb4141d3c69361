/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two partitions: all is in the memory of a session of the channel. */
#ifndef KBM_PROXY_TRANSPORT_KBM_H
#define KBM_PROXY_TRANSPORT_KBM_H

#include <pthread.h>
#include <stdbool.h>

#include "events.h"
#include "link.h"
#include "transport.h"

/**
 * struct kbm_setup - what a side begins with; all stays the caller's, but see @owned
 * @memory:	the session's memory, mapped.
 * @bytes:	its size.
 * @device:	client: the session's file, by which lent memory is mapped, too.
 *		Twin: the lease, or -1 without one.
 * @own_bell:	eventfd that the other side's doorbell signals.
 * @send:	as of struct bell.
 * @end_fd:	client: poll() says POLLHUP when the twin is gone.
 * @start:	client: the session's offset in @device.
 * @owned:	client: @memory, @device and @own_bell go with the transport.
 */
struct kbm_setup {
	void *memory;
	uint64_t bytes;
	int device;
	int own_bell;
	int (*send)(int device, uint64_t word);
	int end_fd;
	uint64_t start;
	bool owned;
};

/* What both sides have. */
struct kbm_side {
	struct transport base;
	struct kbm_link *link;
	uint8_t *data;
	uint64_t bytes;
	struct bell bell;
	int own_bell;
	_Atomic uint64_t *ring_bits;
	struct events events;
	uint32_t sent;
	uint32_t received;
	pthread_mutex_t lock;		/* of the rest */
	int ring_fds[KBM_MAX_RINGS];	/* 0, or one above the eventfd */
};

/* @stop: what kbm_side_wait() waits for besides the doorbell; -1: nothing. */
int kbm_side_init(struct kbm_side *side, const struct kbm_setup *setup, bool is_twin, int stop);
/*
 * Waits for the doorbell, and does all that it stands for but messages; sends
 * events meanwhile. -EINTR: @stop is ready. Other negative errno: cannot wait.
 */
int kbm_side_wait(struct kbm_side *side);
/* A ring's eventfd, -1: it is gone. */
int kbm_side_set_ring(struct kbm_side *side, uint32_t index, int fd);

int transport_kbm_twin_new(const struct kbm_setup *setup, struct transport **ret_transport);
int transport_kbm_client_new(const struct kbm_setup *setup, struct transport **ret_transport);

#endif
