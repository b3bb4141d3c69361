// SPDX-License-Identifier: GPL-2.0-or-later
#include "packet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(PACKET_MAX_FDS * sizeof(int))];
};

int packet_send(int socket, const void *data, size_t bytes, const int *fds, unsigned int nr)
{
	struct iovec part = { .iov_base = (void *)data, .iov_len = bytes };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t n;

	if (nr > PACKET_MAX_FDS)
		return -EINVAL;
	if (nr) {
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(nr * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nr * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nr * sizeof(int));
	}
	do {
		n = sendmsg(socket, &header, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *header, int *ret_fds, unsigned int most)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	for (unsigned int i = 0; i < most; i++)
		ret_fds[i] = -1;
	if (control && control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_RIGHTS)
		memcpy(ret_fds, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
}

static ssize_t receive(int socket, struct msghdr *header)
{
	ssize_t n;

	do {
		n = recvmsg(socket, header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? n : -EPIPE;
}

int packet_receive(int socket, void *ret_data, size_t bytes, int *ret_fds, unsigned int most)
{
	struct iovec part = { .iov_base = ret_data, .iov_len = bytes };
	union control control = { 0 };
	/* Not CMSG_SPACE(): the kernel would use what that aligns for one descriptor more. */
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = CMSG_LEN(most * sizeof(int)),
	};
	ssize_t n = most > PACKET_MAX_FDS ? -EINVAL : receive(socket, &header);

	if (n < 0)
		return (int)n;
	take_fds(&header, ret_fds, most);
	if ((size_t)n == bytes && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	for (unsigned int i = 0; i < most; i++) {
		close_fd(ret_fds[i]);
		ret_fds[i] = -1;
	}
	return -EPROTO;
}
