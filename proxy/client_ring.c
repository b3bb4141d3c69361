// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring for each calling thread. */
#include "client_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

static int announce(struct client_ring *ring)
{
	struct kbm_message message = {
		.type = KBM_MESSAGE_ADD_RING, .size = ring->piece.bytes,
		.offset = ring->piece.offset,
	};
	const int fds[] = { ring->piece.fd, ring->ring.peer_fd, ring->ring.own_fd };
	int r = client_ask(ring->client, &message, fds, ring->piece.fd >= 0 ? 3 : 0, NULL);

	if (r < 0)
		return r;
	ring->ring.index = (uint32_t)r;
	return ring->client->transport->ops->add_ring(ring->client->transport, &ring->ring);
}

static int map_ring(struct client_ring *ring)
{
	struct transport *transport = ring->client->transport;
	void *memory;

	memory = transport->ops->map(transport, &ring->piece, NULL, ring->piece.bytes,
				     PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	if (memory == MAP_FAILED)
		return -errno;
	return ring_init(&ring->ring, memory, ring->piece.bytes);
}

static int ring_start(struct client_ring *ring)
{
	struct transport *transport = ring->client->transport;
	uint64_t bytes = KBM_RING_ARENA + ring->client->arena;
	int r;

	ring->ring.own_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->ring.own_fd < 0)
		return -errno;
	r = transport->ops->make(transport, bytes, &ring->piece);
	if (r)
		return r;
	if (ring->piece.fd >= 0) {
		ring->ring.peer_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (ring->ring.peer_fd < 0)
			return -errno;
	}
	r = map_ring(ring);
	return r ? r : announce(ring);
}

static void ring_release(struct client_ring *ring)
{
	struct transport *transport = ring->client->transport;

	transport->ops->remove_ring(transport, &ring->ring);
	if (ring->ring.shared)
		syscall(SYS_munmap, ring->ring.shared, ring->piece.bytes);
	if (ring->piece.bytes)
		transport->ops->unmake(transport, &ring->piece);
	close_fd(ring->ring.own_fd);
	close_fd(ring->ring.peer_fd);
	free(ring);
}

static struct client_ring *ring_new(struct client *client)
{
	struct client_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->client = client;
	ring->piece.fd = -1;
	ring->ring.transport = client->transport;
	ring->ring.index = KBM_MAX_RINGS;
	ring->ring.own_fd = ring->ring.peer_fd = ring->ring.signal_fd = -1;
	return ring;
}

int client_ring_get(struct client *client, struct client_ring **ret_ring)
{
	struct client_ring *ring = pthread_getspecific(client->ring_key);
	int r;

	if (!ring) {
		ring = ring_new(client);
		if (!ring)
			return -ENOMEM;
		r = ring_start(ring);
		if (!r)
			r = -pthread_setspecific(client->ring_key, ring);
		if (r) {
			ring_release(ring);
			return r;
		}
	}
	*ret_ring = ring;
	return 0;
}

static int cancel(struct client_ring *ring)
{
	struct transport *transport = ring->client->transport;
	struct kbm_message message = {
		.type = KBM_MESSAGE_CANCEL, .handle = ring->ring.index,
		.sequence = ring->sequence,
	};

	return transport->ops->send(transport, &message, NULL, 0);
}

/* At the end of a thread; pthread_cancel() can end it in the middle of KVM_RUN. */
void client_ring_free(void *argument)
{
	struct client_ring *ring = argument;
	struct kbm_sqe sqe = { .op = KBM_OP_LEAVE };
	struct kbm_cqe cqe;

	if (ring->ring.sq != ring->ring.cq && !cancel(ring))
		ring_wait_completion(&ring->ring, ring->client->transport->end_fd, NULL, &cqe);
	client_ring_call(ring, &sqe, 0);
	ring_release(ring);
}

static int wait_end(struct client_ring *ring, const sigset_t *mask, struct kbm_cqe *cqe)
{
	const struct transport *transport = ring->client->transport;
	int r = ring_wait_completion(&ring->ring, transport->end_fd, mask, cqe);

	if (r != -EAGAIN)
		return r;
	/* The call ends all the same, only sooner. */
	r = cancel(ring);
	return r ? r : ring_wait_completion(&ring->ring, transport->end_fd, NULL, cqe);
}

static int64_t call(struct client_ring *ring, struct kbm_sqe *sqe, const sigset_t *mask)
{
	struct kbm_cqe cqe;
	int r;

	sqe->sequence = ++ring->sequence;
	r = ring_submit(&ring->ring, sqe);
	if (!r)
		r = wait_end(ring, mask, &cqe);
	if (!r && cqe.sequence != sqe->sequence)
		r = -EPROTO;
	return r ? r : cqe.result;
}

/*
 * Signals stay blocked but while this thread sleeps: one that comes between the
 * submission and the sleep ends the call, as it would end KVM_RUN itself.
 */
int64_t client_ring_call(struct client_ring *ring, struct kbm_sqe *sqe, int can_cancel)
{
	sigset_t all, old;
	int64_t r;

	if (!can_cancel)
		return call(ring, sqe, NULL);
	ring->ring.signal_fd = client_run_signal_fd(ring->client, sqe->handle);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = call(ring, sqe, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

int64_t client_call(struct client *client, struct kbm_sqe *sqe)
{
	return client_call_with(client, sqe, NULL, NULL, 0);
}

int64_t client_call_with(struct client *client, struct kbm_sqe *sqe, const void *data,
			 void *ret_data, size_t bytes)
{
	struct client_ring *ring;
	int64_t r = client_ring_get(client, &ring);

	if (r)
		return r;
	/* A signal handler's call inside of a call: the arena is taken. */
	if (ring->busy)
		return -EBUSY;
	ring->busy = 1;
	sqe->length = bytes < client->arena ? (uint32_t)bytes : client->arena;
	if (data)
		memcpy(ring_arena(&ring->ring), data, sqe->length);
	r = client_ring_call(ring, sqe, 0);
	if (r > sqe->length && bytes)
		r = -EPROTO;
	if (ret_data && r > 0)
		memcpy(ret_data, ring_arena(&ring->ring), (size_t)r);
	ring->busy = 0;
	return r;
}
