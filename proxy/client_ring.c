// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring for each calling thread. */
#include "client_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"

static int make_memory(void)
{
	int saved, fd = memfd_create("kbm-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, KBM_RING_SIZE) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return fd;
	saved = errno;
	close_fd(fd);
	return -saved;
}

static int announce(struct client_ring *ring, int memfd)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_RING };
	const int fds[] = { memfd, ring->ring.twin_fd, ring->ring.client_fd };
	int r = client_ask(ring->client, &message, fds, 3, NULL);

	if (r < 0)
		return r;
	ring->id = (uint32_t)r;
	return 0;
}

static int ring_start(struct client_ring *ring)
{
	cleanup_close int memfd = make_memory();
	int r;

	if (memfd < 0)
		return memfd;
	ring->ring.twin_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->ring.client_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->ring.twin_fd < 0 || ring->ring.client_fd < 0)
		return -errno;
	r = ring_map(&ring->ring, memfd);
	return r ? r : announce(ring, memfd);
}

int client_ring_get(struct client *client, struct client_ring **ret_ring)
{
	struct client_ring *ring = pthread_getspecific(client->ring_key);
	int r;

	if (!ring) {
		ring = calloc(1, sizeof(*ring));
		if (!ring)
			return -ENOMEM;
		ring->client = client;
		ring->ring.twin_fd = ring->ring.client_fd = -1;
		r = ring_start(ring);
		if (!r)
			r = -pthread_setspecific(client->ring_key, ring);
		if (r) {
			ring_done(&ring->ring);
			free(ring);
			return r;
		}
	}
	*ret_ring = ring;
	return 0;
}

/* At the end of a thread. */
void client_ring_free(void *argument)
{
	struct client_ring *ring = argument;
	struct kbm_sqe sqe = { .op = KBM_OP_LEAVE };

	client_ring_call(ring, &sqe, 0);
	ring_done(&ring->ring);
	free(ring);
}

static int wait_end(struct client_ring *ring, const sigset_t *mask, struct kbm_cqe *cqe)
{
	struct kbm_message cancel = {
		.type = KBM_MESSAGE_CANCEL, .handle = ring->id, .sequence = ring->sequence,
	};
	int r = ring_wait_completion(&ring->ring, ring->client->socket, mask, cqe);

	if (r != -EAGAIN)
		return r;
	/* The call ends all the same, only sooner. */
	r = channel_send(ring->client->socket, &cancel, NULL, 0);
	return r ? r : ring_wait_completion(&ring->ring, ring->client->socket, NULL, cqe);
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
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = call(ring, sqe, &old);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}
