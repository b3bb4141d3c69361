// SPDX-License-Identifier: GPL-2.0-or-later
/* The twin's calls that are no ioctl: what may be opened, and what may be read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <asm/kbm_channel.h>

#include "cleanup.h"
#include "lease.h"
#include "status_page.h"
#include "twin.h"

#define READ_MAX	65536u

/* Opened before the twin was shut in; negative errno if they could not be. */
static int kvm_fd, lease_fd;
/* kbm: where the control BM reads what the session has. */
static struct kbm_session_host *host_page;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool lease_opened;

void twin_open_prepare(const struct twin_setup *setup, void *session)
{
	kvm_fd = setup->kvm;
	lease_fd = setup->lease;
	if (session)
		host_page = (void *)((uint8_t *)session + KBM_SESSION_HOST);
}

static int64_t open_kvm(struct handles *handles)
{
	int fd;

	if (kvm_fd < 0)
		return kvm_fd;
	fd = fcntl(kvm_fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : handles_add(handles, HANDLE_KVM, fd);
}

static int64_t add_lease(struct handles *handles, int fd)
{
	struct lease *lease = lease_new(fd, host_page);
	int handle;

	if (!lease) {
		close_fd(fd);
		return -ENOMEM;
	}
	handle = handles_add_private(handles, HANDLE_LEASE, fd, lease, lease_free);
	if (handle < 0)
		lease_free(lease);
	return handle;
}

static int64_t open_lease_locked(struct handles *handles)
{
	int64_t handle;
	int fd;

	if (lease_fd < 0)
		return lease_fd;
	if (lease_opened)
		return -EEXIST;
	fd = fcntl(lease_fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	handle = add_lease(handles, fd);
	lease_opened = handle > 0;
	return handle;
}

int64_t twin_open(struct twin_ring *ring, uint64_t what)
{
	int64_t r = -ENOSYS;

	if (what == KBM_OPEN_KVM)
		return open_kvm(ring->handles);
	if (what == KBM_OPEN_LEASE) {
		pthread_mutex_lock(&lock);
		r = open_lease_locked(ring->handles);
		pthread_mutex_unlock(&lock);
	}
	return r;
}

/* The length that a call wants, if its place in the arena is right; 0: it is not. */
static uint32_t answer_room(const struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	uint32_t arena = ring->ring.arena;

	if (sqe->offset % 8 || sqe->offset > arena || sqe->length > arena - sqe->offset)
		return 0;
	return sqe->length < READ_MAX ? sqe->length : READ_MAX;
}

static int64_t read_to_arena(struct twin_ring *ring, const struct kbm_sqe *sqe, uint32_t kinds,
			     bool positioned)
{
	uint32_t length = answer_room(ring, sqe);
	struct object *object;
	ssize_t n;

	if (!length)
		return -EINVAL;
	object = handles_get(ring->handles, sqe->handle, kinds);
	if (!object)
		return -EBADF;
	n = positioned ? pread(object->fd, ring->buffer, length, (off_t)sqe->value) :
			 read(object->fd, ring->buffer, length);
	if (n < 0)
		n = -errno;
	else
		memcpy(ring_arena(&ring->ring) + sqe->offset, ring->buffer, (size_t)n);
	handles_put(ring->handles, object);
	return n;
}

int64_t twin_read(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	return read_to_arena(ring, sqe, 1u << HANDLE_STATS, true);
}

int64_t twin_lease_error(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	return read_to_arena(ring, sqe, ON_LEASE, false);
}

int64_t twin_set_name(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	char name[KBM_SESSION_NAME] = "";

	static_assert(sizeof(name) == KBM_MAX_NAME + 1, "size");
	if (sqe->length > KBM_MAX_NAME || (sqe->length && !answer_room(ring, sqe)))
		return -EINVAL;
	memcpy(name, ring_arena(&ring->ring) + sqe->offset, sqe->length);
	status_set_name(name);
	if (host_page)
		memcpy(host_page->name, name, sizeof(name));
	return 0;
}
