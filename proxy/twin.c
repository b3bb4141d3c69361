// SPDX-License-Identifier: GPL-2.0-or-later
/* The twin's threads: one for the connection, one for each ring. */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"

struct twin {
	int socket;
	bool greeted;
	struct handles *handles;
	pthread_mutex_t lock;	/* of rings[].used */
	struct twin_ring rings[KBM_MAX_RINGS];
};

static struct twin twin;

static void leave(struct twin_ring *ring)
{
	ring_done(&ring->ring);
	free(ring->buffer);
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
		if (ring_complete(&ring->ring, &cqe))
			_exit(EXIT_FAILURE);
	} while (sqe.op != KBM_OP_LEAVE);
	leave(ring);
	return NULL;
}

/* Anything else might block this process where it waits or writes. */
static int check_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(name)] = "";

	if (fd < 0)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (readlink(path, target, sizeof(target)) != sizeof(name) - 1 ||
	    memcmp(target, name, sizeof(name) - 1))
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
		ring->ring.twin_fd = ring->ring.client_fd = -1;
		ring->handles = twin.handles;
		pthread_mutex_init(&ring->lock, NULL);
	}
	pthread_mutex_unlock(&twin.lock);
	return ring;
}

static int start_ring(struct twin_ring *ring, int *fds)
{
	pthread_attr_t attributes;
	int r = ring_map(&ring->ring, fds[0]);

	if (r)
		return r;
	ring->buffer = calloc(1, TWIN_BUFFER_SIZE);
	if (!ring->buffer)
		return -ENOMEM;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 256 << 10);
	ring->ring.twin_fd = fds[1];
	ring->ring.client_fd = fds[2];
	fds[1] = fds[2] = -1;
	r = pthread_create(&ring->thread, &attributes, serve_ring, ring);
	pthread_attr_destroy(&attributes);
	return -r;
}

static int add_ring(int *fds)
{
	struct twin_ring *ring;
	int r = check_eventfd(fds[1]);

	if (!r)
		r = check_eventfd(fds[2]);
	if (r)
		return r;
	if (fcntl(fds[1], F_SETFL, O_NONBLOCK) < 0 || fcntl(fds[2], F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	ring = free_ring();
	if (!ring)
		return -ENFILE;
	r = start_ring(ring, fds);
	if (!r)
		return (int)(ring - twin.rings);
	leave(ring);
	return r;
}

static int check_memory(int fd, uint64_t bytes)
{
	struct stat status;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &status) < 0 || !bytes ||
	    bytes % 4096 || bytes > (uint64_t)status.st_size)
		return -EINVAL;
	return 0;
}

static int add_memory(const struct kbm_message *message, const int *fds)
{
	void *memory;
	int handle, r = check_memory(fds[0], message->size);

	if (r)
		return r;
	memory = mmap(NULL, message->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		      fds[0], 0);
	if (memory == MAP_FAILED)
		return -errno;
	handle = handles_add_memory(twin.handles, memory, message->size);
	if (handle < 0)
		munmap(memory, message->size);
	return handle;
}

static int add_eventfd(int *fds)
{
	int fd = fds[0], r = check_eventfd(fd);

	if (r)
		return r;
	fds[0] = -1;
	return handles_add(twin.handles, HANDLE_EVENTFD, fd);
}

static int hello(const struct kbm_message *message, struct kbm_message *reply)
{
	if (message->magic != KBM_WIRE_MAGIC)
		return -EPROTO;
	if (message->version < KBM_WIRE_VERSION || message->version_min > KBM_WIRE_VERSION)
		return -EPROTONOSUPPORT;
	reply->magic = KBM_WIRE_MAGIC;
	reply->version = KBM_WIRE_VERSION;
	reply->features = message->features & KBM_WIRE_FEATURES;
	twin.greeted = true;
	return 0;
}

static int handle_message(const struct kbm_message *message, int *fds, struct kbm_message *reply)
{
	if (message->reserved[0] || message->reserved[1] || message->result)
		return -EINVAL;
	if (message->type == KBM_MESSAGE_HELLO)
		return hello(message, reply);
	if (!twin.greeted)
		return -EPROTO;
	switch (message->type) {
	case KBM_MESSAGE_ADD_RING:
		return add_ring(fds);
	case KBM_MESSAGE_ADD_MEMORY:
		return add_memory(message, fds);
	case KBM_MESSAGE_REMOVE_MEMORY:
		return handles_close(twin.handles, message->handle, 1u << HANDLE_MEMORY);
	case KBM_MESSAGE_ADD_EVENTFD:
		return add_eventfd(fds);
	case KBM_MESSAGE_GET_FD:
		return 0;
	default:
		return -ENOSYS;
	}
}

static void cancel(const struct kbm_message *message)
{
	struct twin_ring *ring = &twin.rings[message->handle % KBM_MAX_RINGS];

	pthread_mutex_lock(&twin.lock);
	if (ring->used)
		twin_cancel(ring, message->sequence);
	pthread_mutex_unlock(&twin.lock);
}

static void close_fds(int *fds)
{
	for (unsigned int i = 0; i < KBM_MAX_FDS; i++) {
		close_fd(fds[i]);
		fds[i] = -1;
	}
}

static int reply_to(const struct kbm_message *message, int *fds)
{
	struct kbm_message reply = { .type = message->type };
	struct object *object = NULL;
	int r;

	reply.result = handle_message(message, fds, &reply);
	if (!reply.result && message->type == KBM_MESSAGE_GET_FD) {
		object = handles_get(twin.handles, message->handle,
				     ON_VCPU | 1u << HANDLE_STATS);
		reply.result = object ? 0 : -EBADF;
	}
	/* First, so that a client that has its answer can count on it. */
	close_fds(fds);
	r = channel_send(twin.socket, &reply, object ? &object->fd : NULL, object ? 1 : 0);
	handles_put(twin.handles, object);
	return r;
}

static int serve_message(void)
{
	struct kbm_message message;
	int fds[KBM_MAX_FDS], r;

	r = channel_receive(twin.socket, &message, fds);
	if (r)
		return r;
	if (message.type == KBM_MESSAGE_CANCEL)
		cancel(&message);
	else
		r = reply_to(&message, fds);
	close_fds(fds);
	return r;
}

_Noreturn void twin_run(int socket)
{
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, TWIN_KICK_SIGNAL);
	pthread_sigmask(SIG_BLOCK, &kick, NULL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "kbm-twin");
	pthread_mutex_init(&twin.lock, NULL);
	twin.socket = socket;
	twin.handles = handles_new();
	while (twin.handles && !serve_message())
		;
	/* With the process goes all that the session had. */
	_exit(EXIT_SUCCESS);
}
