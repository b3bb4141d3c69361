// SPDX-License-Identifier: GPL-2.0-or-later
/* The connection's side of the twin. All of a message is untrusted. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "run_page.h"
#include "status_page.h"
#include "twin_private.h"

/*
 * Guest memory: a file of the client, which may also cut it off. Only KVM reads
 * and writes it here, and KVM then says EFAULT.
 */
static int map_memory(const struct kbm_message *message, int fd, void **ret_memory)
{
	int protection = PROT_READ | PROT_WRITE, flags = fcntl(fd, F_GETFL);
	struct stat status;

	if (flags < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY ||
	    !message->size || message->size % 4096 || message->offset % 4096 ||
	    message->offset > (uint64_t)status.st_size ||
	    message->size > (uint64_t)status.st_size - message->offset)
		return -EINVAL;
	if ((flags & O_ACCMODE) == O_RDONLY)
		protection = PROT_READ;
	*ret_memory = mmap(NULL, message->size, protection, MAP_SHARED | MAP_NORESERVE, fd,
			   (off_t)message->offset);
	if (*ret_memory == MAP_FAILED)
		return -errno;
	/* Here the guest's accesses get their pages. It fails where files have no huge ones. */
	madvise(*ret_memory, message->size, MADV_HUGEPAGE);
	return 0;
}

static int add_memory(const struct kbm_message *message, const int *fds)
{
	void *memory = NULL;
	int handle, r;

	if (fds[0] < 0)
		return -EOPNOTSUPP;
	r = map_memory(message, fds[0], &memory);
	if (r)
		return r;
	handle = handles_add_memory(twin.handles, memory, message->size);
	if (handle < 0)
		munmap(memory, message->size);
	return handle;
}

static int add_eventfd(int *fds)
{
	int fd = fds[0], r = twin_check_eventfd(fd);

	if (r)
		return r;
	fds[0] = -1;
	return handles_add(twin.handles, HANDLE_EVENTFD, fd);
}

static int add_run(const struct kbm_message *message, const int *fds)
{
	struct object *object = handles_get(twin.handles, message->handle, ON_VCPU);
	int r;

	if (!object)
		return -EBADF;
	if (message->type == KBM_MESSAGE_ADD_RUN)
		r = run_page_share(object->private, twin.transport, message, fds[0]);
	else
		r = run_page_share_dirty(object->private, twin.transport, message, fds[0]);
	handles_put(twin.handles, object);
	return r;
}

bool twin_has_feature(uint64_t feature)
{
	return twin.features & feature;
}

static int hello(const struct kbm_message *message, struct kbm_message *reply)
{
	uint32_t most = twin.transport->arena;

	if (message->magic != KBM_WIRE_MAGIC)
		return -EPROTO;
	if (message->version < KBM_WIRE_VERSION || message->version_min > KBM_WIRE_VERSION)
		return -EPROTONOSUPPORT;
	if (message->size < KBM_ARENA_MIN || message->size % 4096)
		return -EINVAL;
	reply->magic = KBM_WIRE_MAGIC;
	reply->version = KBM_WIRE_VERSION;
	reply->features = message->features & KBM_WIRE_FEATURES;
	twin.features = reply->features;
	reply->size = message->size < most ? message->size : most;
	twin.greeted = true;
	status_greeted();
	return 0;
}

static int handle_message(const struct kbm_message *message, int *fds, struct kbm_message *reply)
{
	if (message->reserved || message->result)
		return -EINVAL;
	if (message->type == KBM_MESSAGE_HELLO)
		return hello(message, reply);
	if (!twin.greeted)
		return -EPROTO;
	switch (message->type) {
	case KBM_MESSAGE_ADD_RING:
		return twin_add_ring(message, fds);
	case KBM_MESSAGE_ADD_MEMORY:
		return add_memory(message, fds);
	case KBM_MESSAGE_REMOVE_MEMORY:
		return handles_close(twin.handles, message->handle, 1u << HANDLE_MEMORY);
	case KBM_MESSAGE_ADD_EVENTFD:
		return add_eventfd(fds);
	case KBM_MESSAGE_ADD_RUN:
	case KBM_MESSAGE_ADD_DIRTY:
		return add_run(message, fds);
	case KBM_MESSAGE_ADD_EVENT:
		return twin_add_event(message);
	case KBM_MESSAGE_REMOVE_EVENT:
		return twin_remove_event(message);
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

/* What a client may have itself: nothing with which it could make a call of KVM. */
static struct object *get_fd(const struct kbm_message *message, struct kbm_message *reply)
{
	struct object *object;

	if (twin.transport->end_fd < 0) {
		reply->result = -EOPNOTSUPP;
		return NULL;
	}
	object = handles_get(twin.handles, message->handle, 1u << HANDLE_STATS | ON_LEASE | ON_GUEST_MEMFD);
	reply->result = object ? 0 : -EBADF;
	return object;
}

static int reply_to(const struct kbm_message *message, int *fds)
{
	struct kbm_message reply = { .type = message->type };
	struct object *object = NULL;
	int r;

	reply.result = handle_message(message, fds, &reply);
	if (!reply.result && message->type == KBM_MESSAGE_GET_FD)
		object = get_fd(message, &reply);
	/* First, so that a client that has its answer can count on it. */
	close_fds(fds);
	r = twin.transport->ops->send(twin.transport, &reply, object ? &object->fd : NULL,
				      object ? 1 : 0);
	handles_put(twin.handles, object);
	return r;
}

int twin_serve_message(void)
{
	struct kbm_message message;
	int fds[KBM_MAX_FDS] = { -1, -1, -1 }, r;

	r = twin.transport->ops->receive(twin.transport, &message, fds);
	if (r)
		return r;
	if (message.type == KBM_MESSAGE_CANCEL)
		cancel(&message);
	else
		r = reply_to(&message, fds);
	close_fds(fds);
	return r;
}
