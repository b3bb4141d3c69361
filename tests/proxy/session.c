// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "message.h"
#include "transport.h"
#include "transport_unix.h"

int session_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		err(EXIT_FAILURE, "%s", path);
	return fd;
}

int session_ask(struct session *session, struct kbm_message *message, const int *fds,
		unsigned int nr)
{
	int got[KBM_MAX_FDS];

	if (message_send(session->socket, message, fds, nr) ||
	    message_receive(session->socket, message, got))
		return -EIO;
	for (unsigned int i = 0; i < KBM_MAX_FDS; i++) {
		if (got[i] >= 0)
			close(got[i]);
	}
	return message->result;
}

int sealed_memory(size_t bytes, void **ret_memory)
{
	int fd = memfd_create("faults", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		err(EXIT_FAILURE, "memory");
	*ret_memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*ret_memory == MAP_FAILED)
		err(EXIT_FAILURE, "memory");
	return fd;
}

static void add_ring(struct session *session)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_SIZE };
	void *memory;
	int fds[3] = { sealed_memory(KBM_RING_SIZE, &memory), eventfd(0, EFD_NONBLOCK),
		       eventfd(0, EFD_NONBLOCK) };

	session->ring = (struct ring){
		.transport = session->transport, .peer_fd = fds[1], .own_fd = fds[2],
	};
	if (ring_init(&session->ring, memory, KBM_RING_SIZE) ||
	    session_ask(session, &message, fds, 3) < 0)
		errx(EXIT_FAILURE, "no ring");
	close(fds[0]);
}

void session_begin(struct session *session, int socket)
{
	struct kbm_message hello = {
		.type = KBM_MESSAGE_HELLO, .magic = KBM_WIRE_MAGIC, .version = KBM_WIRE_VERSION,
		.size = KBM_ARENA_SIZE,
	};

	*session = (struct session){ .socket = socket };
	if (transport_unix_new(session->socket, &session->transport))
		errx(EXIT_FAILURE, "no transport");
	if (session_ask(session, &hello, NULL, 0))
		errx(EXIT_FAILURE, "no hello");
	add_ring(session);
}

void session_submit(struct session *session, struct kbm_sqe sqe)
{
	sqe.sequence = ++session->sequence;
	if (ring_submit(&session->ring, &sqe))
		errx(EXIT_FAILURE, "ring is full");
}

int64_t session_call(struct session *session, struct kbm_sqe sqe)
{
	struct kbm_cqe cqe;
	int r;

	session_submit(session, sqe);
	r = ring_wait_completion(&session->ring, session->socket, NULL, &cqe);
	return r ? r : cqe.result;
}

int64_t session_ioctl(struct session *session, int64_t handle, uint64_t request,
		      const void *payload, uint32_t bytes, int64_t memory)
{
	if (handle < 0)
		errx(EXIT_FAILURE, "call 0x%lx on an error: %s", request, strerror((int)-handle));
	if (bytes)
		memcpy(ring_arena(&session->ring), payload, bytes);
	return session_call(session, (struct kbm_sqe){
		.op = KBM_OP_IOCTL, .handle = (uint32_t)handle, .request = request,
		.length = bytes, .memory = (uint32_t)memory,
	});
}

int64_t session_open_kvm(struct session *session)
{
	return session_call(session, (struct kbm_sqe){ .op = KBM_OP_OPEN,
						       .request = KBM_OPEN_KVM });
}
