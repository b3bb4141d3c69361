// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread of the twin for each ring. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cleanup.h"
#include "status_page.h"
#include "twin_private.h"

#define STACK_BYTES	(256u << 10)

static unsigned int index_of(const struct twin_ring *ring)
{
	return (unsigned int)(ring - twin.rings);
}

static void leave(struct twin_ring *ring)
{
	struct transport *transport = twin.transport;

	transport->ops->remove_ring(transport, &ring->ring);
	if (ring->ring.shared)
		transport->ops->drop(transport, ring->ring.shared, ring->bytes);
	close_fd(ring->ring.own_fd);
	close_fd(ring->ring.peer_fd);
	free(ring->buffer);
	status_ring(-1);
	pthread_mutex_lock(&twin.lock);
	ring->used = false;
	pthread_mutex_unlock(&twin.lock);
}

static void *serve_ring(void *argument)
{
	struct twin_ring *ring = argument;
	struct kbm_cqe cqe = { 0 };
	struct kbm_sqe sqe;

	do {
		/* A client that damages its rings has no session any more. */
		if (ring_wait_call(&ring->ring, &sqe))
			_exit(EXIT_FAILURE);
		cqe.result = twin_call(ring, &sqe);
		cqe.sequence = sqe.sequence;
		status_count(STATUS_CALLS, index_of(ring));
		if (cqe.result < 0)
			status_count(STATUS_ERRORS, index_of(ring));
		if (ring_complete(&ring->ring, &cqe))
			status_count(STATUS_WAKEUPS, index_of(ring));
	} while (sqe.op != KBM_OP_LEAVE);
	leave(ring);
	return NULL;
}

int twin_check_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(name)] = "";
	ssize_t length;

	if (fd < 0)
		return -EBADF;
	snprintf(path, sizeof(path), twin.proc_fds < 0 ? "/proc/self/fd/%d" : "%d", fd);
	length = readlinkat(twin.proc_fds, path, target, sizeof(target));
	if (length != sizeof(name) - 1 || memcmp(target, name, sizeof(name) - 1))
		return -EINVAL;
	return 0;
}

static struct twin_ring *free_ring(void)
{
	struct twin_ring *ring = NULL;

	pthread_mutex_lock(&twin.lock);
	for (unsigned int i = 0; !ring && i < KBM_MAX_RINGS; i++) {
		if (!twin.rings[i].used)
			ring = &twin.rings[i];
	}
	if (ring) {
		memset(ring, 0, sizeof(*ring));
		ring->used = true;
		ring->handles = twin.handles;
		ring->ring.own_fd = ring->ring.peer_fd = -1;
		ring->ring.transport = twin.transport;
		ring->ring.index = index_of(ring);
		pthread_mutex_init(&ring->lock, NULL);
		status_ring(1);
	}
	pthread_mutex_unlock(&twin.lock);
	return ring;
}

static int start_thread(struct twin_ring *ring)
{
	pthread_attr_t attributes;
	int r;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	r = pthread_create(&ring->thread, &attributes, serve_ring, ring);
	pthread_attr_destroy(&attributes);
	return -r;
}

static int start_ring(struct twin_ring *ring, const struct kbm_message *message, int memory)
{
	struct transport *transport = twin.transport;
	void *shared;
	int r = transport->ops->take(transport, message, memory, &shared);

	if (r)
		return r;
	ring->bytes = message->size;
	r = ring_init(&ring->ring, shared, message->size);
	if (r) {
		transport->ops->drop(transport, shared, message->size);
		return r;
	}
	ring->buffer = calloc(1, TWIN_BUFFER_SIZE);
	if (!ring->buffer)
		return -ENOMEM;
	r = transport->ops->add_ring(transport, &ring->ring);
	return r ? r : start_thread(ring);
}

/* unix: where both sleep came along. */
static int take_eventfds(struct twin_ring *ring, int *fds)
{
	int r = twin_check_eventfd(fds[1]);

	if (!r)
		r = twin_check_eventfd(fds[2]);
	if (r)
		return r;
	if (fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(fds[2], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	ring->ring.own_fd = fds[1];
	ring->ring.peer_fd = fds[2];
	fds[1] = fds[2] = -1;
	return 0;
}

static int make_eventfd(struct twin_ring *ring)
{
	ring->ring.own_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return ring->ring.own_fd < 0 ? -errno : 0;
}

int twin_add_ring(const struct kbm_message *message, int *fds)
{
	struct twin_ring *ring = free_ring();
	int r;

	if (!ring)
		return -ENFILE;
	r = twin.transport->end_fd >= 0 ? take_eventfds(ring, fds) : make_eventfd(ring);
	if (!r)
		r = start_ring(ring, message, fds[0]);
	if (!r)
		return (int)index_of(ring);
	leave(ring);
	return r;
}
