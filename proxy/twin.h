/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The twin: a process that holds the descriptors and mappings of one session. */
#ifndef KBM_PROXY_TWIN_H
#define KBM_PROXY_TWIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "handles.h"
#include "ring.h"

/**
 * struct twin_ring - a ring and the thread that serves it
 * @buffer:	private copy of the payload.
 * @lock:	of the rest.
 * @running:	sequence of the KVM_RUN under way, or 0.
 * @cancelled:	sequence of the last call that was cancelled.
 */
struct twin_ring {
	struct ring ring;
	struct handles *handles;
	uint8_t *buffer;
	pthread_t thread;
	bool used;
	pthread_mutex_t lock;
	uint64_t running;
	uint64_t cancelled;
};

#define TWIN_BUFFER_SIZE	(KBM_ARENA_SIZE + 65536u)
#define TWIN_KICK_SIGNAL	SIGUSR1

/* Serves the session on @socket until it ends. The process ends with it. */
_Noreturn void twin_run(int socket);

/* One call; the answer's payload is in the arena. */
int64_t twin_call(struct twin_ring *ring, const struct kbm_sqe *sqe);
void twin_cancel(struct twin_ring *ring, uint64_t sequence);

#endif
