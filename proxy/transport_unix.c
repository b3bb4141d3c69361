// SPDX-License-Identifier: GPL-2.0-or-later
/* Two processes of one Linux: a socket, memfds and eventfds. */
#include "transport_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "message.h"
#include "ring.h"

static int unix_send(struct transport *transport, const struct kbm_message *message,
		     const int *fds, unsigned int nr)
{
	return message_send(transport->end_fd, message, fds, nr);
}

static int unix_receive(struct transport *transport, struct kbm_message *ret_message, int *ret_fds)
{
	return message_receive(transport->end_fd, ret_message, ret_fds);
}

static void unix_wake(struct transport *transport, const struct ring *ring)
{
	(void)transport;
	ring_signal(ring->peer_fd);
}

static int unix_make(struct transport *transport, uint64_t bytes, struct piece *ret_piece)
{
	int saved, fd = memfd_create("kbm-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)transport;
	if (fd < 0)
		return -errno;
	if (!ftruncate(fd, (off_t)bytes) &&
	    !fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		*ret_piece = (struct piece){ .fd = fd, .bytes = bytes };
		return 0;
	}
	saved = errno;
	close_fd(fd);
	return -saved;
}

static void unix_unmake(struct transport *transport, const struct piece *piece)
{
	(void)transport;
	close_fd(piece->fd);
}

static void *unix_map(struct transport *transport, const struct piece *piece, void *address,
		      uint64_t bytes, int protection, int flags, uint64_t offset)
{
	(void)transport;
	/* Not mmap(): the preload library's own would look at it. */
	return (void *)syscall(SYS_mmap, address, bytes, protection, flags, piece->fd,
			       (off_t)offset);
}

static int unix_take(struct transport *transport, const struct kbm_message *message, int fd,
		     void **ret_memory)
{
	struct stat status;
	void *memory;
	int seals = fcntl(fd, F_GET_SEALS);

	(void)transport;
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &status) < 0 ||
	    message->offset || !message->size || message->size % 4096 ||
	    message->size > (uint64_t)status.st_size)
		return -EINVAL;
	memory = mmap(NULL, message->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		      fd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	return 0;
}

static void unix_drop(struct transport *transport, void *memory, uint64_t bytes)
{
	(void)transport;
	munmap(memory, bytes);
}

static int unix_add_ring(struct transport *transport, const struct ring *ring)
{
	(void)transport;
	(void)ring;
	return 0;
}

static void unix_remove_ring(struct transport *transport, const struct ring *ring)
{
	(void)transport;
	(void)ring;
}

static void unix_done(struct transport *transport)
{
	close_fd(transport->end_fd);
	close_fd(transport->local_fd);
	free(transport);
}

static const struct transport_ops unix_ops = {
	.name = "unix",
	.send = unix_send,
	.receive = unix_receive,
	.wake = unix_wake,
	.make = unix_make,
	.unmake = unix_unmake,
	.map = unix_map,
	.take = unix_take,
	.drop = unix_drop,
	.add_ring = unix_add_ring,
	.remove_ring = unix_remove_ring,
	.done = unix_done,
};

int transport_unix_new(int socket, struct transport **ret_transport)
{
	struct transport *transport = calloc(1, sizeof(*transport));

	if (!transport)
		return -ENOMEM;
	*transport = (struct transport){
		.ops = &unix_ops, .arena = KBM_ARENA_SIZE,
		.vcpus = KBM_MAX_RINGS - TRANSPORT_OTHER_RINGS, .end_fd = socket, .local_fd = -1,
	};
	*ret_transport = transport;
	return 0;
}

int transport_unix_connect(const char *path, struct transport **ret_transport)
{
	int r, fd = message_connect(path, SOCK_SEQPACKET);

	if (fd < 0)
		return fd;
	r = transport_unix_new(fd, ret_transport);
	if (r)
		close_fd(fd);
	return r;
}
