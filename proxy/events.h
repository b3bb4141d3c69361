/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One side's eventfds of a session's events over kbm; see wire.h. */
#ifndef KBM_PROXY_EVENTS_H
#define KBM_PROXY_EVENTS_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* The first descriptors that events_wait() waits for are its caller's. */
#define EVENTS_OWN_FDS	2u

/**
 * struct events
 * @sent, @received: bits of the events that this side signals, and of those that
 *		the other one does: in shared memory.
 * @lock:	of the next two.
 * @fds:	by number: an event's eventfd, -1: none.
 * @sends:	by number: this side waits for the eventfd, else it signals it.
 * @changed:	@polled is not what it should be.
 * @polled:	of the thread that waits, as the rest.
 * @numbers:	of the events in @polled.
 * @nr_polled:	entries in use.
 */
struct events {
	_Atomic uint64_t *sent;
	_Atomic uint64_t *received;
	pthread_mutex_t lock;
	int fds[KBM_MAX_EVENTS];
	bool sends[KBM_MAX_EVENTS];
	_Atomic bool changed;
	struct pollfd polled[EVENTS_OWN_FDS + KBM_MAX_EVENTS];
	uint32_t numbers[KBM_MAX_EVENTS];
	unsigned int nr_polled;
};

/*
 * @fds: EVENTS_OWN_FDS of the caller's, -1 for none. The first is an eventfd: signalled
 * where the thread that waits has to look.
 */
void events_init(struct events *events, const int *fds, _Atomic uint64_t *sent,
		 _Atomic uint64_t *received);

/*
 * @fd stays the caller's, open until events_remove() has returned. -EINVAL: there is
 * no such number. -EEXIST: it is in use.
 */
int events_add(struct events *events, uint32_t number, int fd, bool sends);
/* From now on it is neither sent nor received. -ENOENT: it is not in use. */
int events_remove(struct events *events, uint32_t number);
/* Of an event that was removed: whether the other side had signalled it since. */
bool events_take(struct events *events, uint32_t number);

/*
 * Waits until one of the caller's descriptors is ready; ret_ready[i] says which.
 * Whether the other side is to be woken, for it was sent events: 1 or 0, or
 * negative errno.
 */
int events_wait(struct events *events, bool *ret_ready);
/* Signals what the other side has sent. */
void events_receive(struct events *events);

/* Reads an eventfd without waiting: whether it was signalled. */
bool eventfd_take(int fd);

#endif
