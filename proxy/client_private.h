/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_PROXY_CLIENT_PRIVATE_H
#define KBM_PROXY_CLIENT_PRIVATE_H

#include <pthread.h>

#include "client.h"
#include "ring.h"
#include "slots.h"
#include "transport.h"
#include "wire.h"

/**
 * struct shared_memory - memory of this process that the twin has, too
 * @base:	offset of its first byte in what @handle names.
 * @lent:	of a lease; else it is the library's own to let go of.
 * @owned:	was private before: nobody else has it, its content can go.
 */
struct shared_memory {
	uint8_t *address;
	uint64_t bytes;
	uint64_t base;
	uint32_t handle;
	int lent;
	int owned;
};

/* What is known of a VM. @dirty_bytes: of its vCPUs' rings of dirtied pages. */
struct vm_slots {
	uint32_t vm;
	struct slots slots;
	uint64_t dirty_bytes;
};

/*
 * A vCPU and the copy of its run page; @piece has bytes once it is made, and so
 * has @dirty, the copy of its ring of dirtied pages.
 * @signal_fd: signals that end its KVM_RUN though its thread blocks them, or -1.
 */
struct run_copy {
	uint32_t vm;
	uint32_t vcpu;
	int closed;
	int signal_fd;
	struct piece piece;
	struct piece dirty;
};

struct client_events;

/* The first lock is of one question and its answer on the connection. */
struct client {
	struct transport *transport;
	struct client_hooks hooks;
	struct client_events *events;	/* kbm; else NULL */
	uint64_t features;
	uint32_t arena;
	pthread_key_t ring_key;
	pthread_mutex_t connection_lock;
	pthread_mutex_t memory_lock;
	struct shared_memory *memories;
	unsigned int nr_memories;
	pthread_mutex_t slots_lock;
	struct vm_slots *vms;
	unsigned int nr_vms;
	pthread_mutex_t runs_lock;
	struct run_copy *runs;
	unsigned int nr_runs;
	uint32_t run_bytes;
	_Atomic unsigned int nr_masks;
	uint32_t lease;
};

/* The ring of the calling thread. */
struct client_ring {
	struct client *client;
	struct ring ring;
	struct piece piece;
	uint64_t sequence;
	int busy;
};

/* A session by @transport, which is the client's if this succeeds. */
int client_new(struct transport *transport, struct client **ret_client);

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
/* A call without payload by the thread's ring. */
int64_t client_call(struct client *client, struct kbm_sqe *sqe);
/*
 * A call whose payload are @bytes at @data, at most what the arena has: there
 * before it, or there after it as many as the result says.
 */
int64_t client_call_with(struct client *client, struct kbm_sqe *sqe, const void *data,
			 void *ret_data, size_t bytes);

/*
 * Shares memory of this process with the twin: private anonymous memory turns,
 * in place, into shared memory with the same content.
 */
int client_share_memory(struct client *client, uint64_t address, uint64_t bytes,
			uint32_t *ret_handle, uint64_t *ret_offset);
/* Names memory that the twin has by @handle, from @base on. */
int client_name_memory(struct client *client, void *address, uint64_t bytes, uint32_t handle,
		       uint64_t base);

/* The smallest mapping that can be shared with private memory's content; client_backing.c. */
int client_backing_find(uint64_t start, uint64_t bytes, int *ret_fd, uint64_t *ret_offset);
/* Gives private memory a memfd with its content; returns that. */
int client_backing_make(uint64_t start, uint64_t bytes);
/* Maps it in place, with the protection that each part had. */
int client_backing_map(uint64_t start, uint64_t bytes, int memfd);

/* Sizes of slots. NULL: none is known; the lock is held between the two. */
const struct slots *client_slots_lock(struct client *client, uint32_t vm);
void client_slots_unlock(struct client *client);
void client_slots_note(struct client *client, uint32_t vm, uint32_t slot, uint64_t bytes);
void client_slots_forget(struct client *client, uint32_t vm);
/* 0: they have none. */
void client_vm_set_dirty_bytes(struct client *client, uint32_t vm, uint64_t bytes);
uint64_t client_vm_dirty_bytes(struct client *client, uint32_t vm);

/*
 * Memory of @bytes that the twin takes for a vCPU by a message of @type:
 * KBM_MESSAGE_ADD_RUN or KBM_MESSAGE_ADD_DIRTY.
 */
int client_make_piece(struct client *client, uint32_t type, uint32_t vcpu, uint64_t bytes,
		      struct piece *ret_piece);

/* A vCPU has been made, and: any handle has been closed. */
int client_run_note(struct client *client, uint32_t vm, uint32_t vcpu);
void client_run_forget(struct client *client, uint32_t handle);
/* KVM_SET_SIGNAL_MASK: @mask is its structure, or NULL for none. */
int client_run_set_mask(struct client *client, uint32_t vcpu, const void *mask);
int client_run_signal_fd(struct client *client, uint32_t vcpu);

/* As client_mmap(), @offset in the ring. The lock of runs is held. */
int client_dirty_map(struct client *client, struct run_copy *run, void *address, uint64_t bytes,
		     int protection, int flags, uint64_t offset, void **ret_address);
void client_dirty_done(const struct client *client, const struct run_copy *run);

#endif
