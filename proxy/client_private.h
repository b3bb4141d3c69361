/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_PROXY_CLIENT_PRIVATE_H
#define KBM_PROXY_CLIENT_PRIVATE_H

#include <pthread.h>

#include "client.h"
#include "ring.h"
#include "slots.h"
#include "wire.h"

struct shared_memory {
	uint8_t *address;
	uint64_t bytes;
	uint32_t handle;
};

struct vm_slots {
	uint32_t vm;
	struct slots slots;
};

/* The lock is of one question and its answer on the connection. */
struct client {
	int socket;
	pthread_key_t ring_key;
	pthread_mutex_t connection_lock;
	pthread_mutex_t memory_lock;
	struct shared_memory *memories;
	unsigned int nr_memories;
	pthread_mutex_t slots_lock;
	struct vm_slots *vms;
	unsigned int nr_vms;
};

/* The ring of the calling thread. */
struct client_ring {
	struct client *client;
	struct ring ring;
	uint32_t id;
	uint64_t sequence;
	int busy;
};

/*
 * Sends @message with @nr descriptors; the answer's result, its first
 * descriptor in @ret_fd (if that is not NULL).
 */
int client_ask(struct client *client, struct kbm_message *message, const int *fds,
	       unsigned int nr, int *ret_fd);

int client_ring_get(struct client *client, struct client_ring **ret_ring);
void client_ring_free(void *ring);
/* One call; @can_cancel: a signal to this thread ends it. */
int64_t client_ring_call(struct client_ring *ring, struct kbm_sqe *sqe, int can_cancel);

/*
 * Shares memory of this process with the twin: private anonymous memory turns,
 * in place, into shared memory with the same content.
 */
int client_share_memory(struct client *client, uint64_t address, uint64_t bytes,
			uint32_t *ret_handle, uint64_t *ret_offset);

#endif
