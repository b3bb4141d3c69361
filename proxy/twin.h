/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The twin: a process that holds the descriptors and mappings of one session.
 *
 * A child of kbm-proxyd, shut in, gets its order (twin_order.h), calls twin_prepare(),
 * closes @channel, and calls twin_serve().
 */
#ifndef KBM_PROXY_TWIN_H
#define KBM_PROXY_TWIN_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "handles.h"
#include "ring.h"
#include "transport.h"

/**
 * struct twin_setup - what a twin begins with
 * @socket:	unix: the connection. kbm: -1.
 * @kvm:	/dev/kvm, or the negative errno of its open(): answer to OPEN.
 * @lease:	/dev/kata-bm, or the same.
 * @proc_fds:	/proc/self/fd of this process (O_PATH), or -1 if /proc is there.
 * @channel:	kbm: file that maps the channel (the lease that holds it).
 * @start:	kbm: offset of the session in it.
 * @bytes:	kbm: size of the session.
 * @bell:	kbm: blocking eventfd of kbm_session_host.doorbell.
 * @send:	kbm: sends to a doorbell word by @lease; NULL: KBM_SEND_DOORBELL.
 */
struct twin_setup {
	int socket;
	int kvm;
	int lease;
	int proc_fds;
	int channel;
	uint64_t start;
	uint64_t bytes;
	int bell;
	int (*send)(int device, uint64_t word);
};

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
	uint64_t bytes;
	pthread_t thread;
	bool used;
	pthread_mutex_t lock;
	uint64_t running;
	uint64_t cancelled;
};

#define TWIN_BUFFER_SIZE	(KBM_ARENA_SIZE + 65536u)
#define TWIN_KICK_SIGNAL	SIGUSR1

int twin_prepare(const struct twin_setup *setup);
/* Serves the session until it ends. The process ends with it. */
_Noreturn void twin_serve(void);

/* One call; the answer's payload is in the arena. */
int64_t twin_call(struct twin_ring *ring, const struct kbm_sqe *sqe);
void twin_cancel(struct twin_ring *ring, uint64_t sequence);

/* KBM_FEATURE_*: whether client and twin both know it. */
bool twin_has_feature(uint64_t feature);

/* Calls that are no ioctl; twin_open.c. */
int64_t twin_open(struct twin_ring *ring, uint64_t what);
int64_t twin_read(struct twin_ring *ring, const struct kbm_sqe *sqe);
int64_t twin_lease_error(struct twin_ring *ring, const struct kbm_sqe *sqe);
int64_t twin_set_name(struct twin_ring *ring, const struct kbm_sqe *sqe);
void twin_open_prepare(const struct twin_setup *setup, void *session);

#endif
