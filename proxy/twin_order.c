// SPDX-License-Identifier: GPL-2.0-or-later
#include "twin_order.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(_ORDER_FDS * sizeof(int))];
};

/* Only those that are there can be sent: their places are in the message. */
static unsigned int pack(struct twin_order *order, int *fds)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < _ORDER_FDS; i++) {
		if (order->fds[i] < 0)
			continue;
		fds[nr] = order->fds[i];
		order->fds[i] = (int)nr++;
	}
	return nr;
}

int twin_order_send(int socket, const struct twin_order *order)
{
	struct twin_order packed = *order;
	struct iovec data = { .iov_base = &packed, .iov_len = sizeof(packed) };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	union control control = { 0 };
	int fds[_ORDER_FDS];
	unsigned int nr = pack(&packed, fds);

	header.msg_control = control.bytes;
	header.msg_controllen = CMSG_SPACE(nr * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(nr * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, nr * sizeof(int));
	return sendmsg(socket, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void unpack(struct twin_order *order, const struct msghdr *header)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int fds[_ORDER_FDS];

	memcpy(fds, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
	for (unsigned int i = 0; i < _ORDER_FDS; i++) {
		if (order->fds[i] >= 0)
			order->fds[i] = fds[order->fds[i]];
	}
}

int twin_order_receive(int socket, struct twin_order *ret_order)
{
	struct iovec data = { .iov_base = ret_order, .iov_len = sizeof(*ret_order) };
	union control control = { 0 };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	do {
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if (!n)
		return -EPIPE;
	/* Cut off where the process may not have so many descriptors. */
	if (n != sizeof(*ret_order) || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
	    !CMSG_FIRSTHDR(&header))
		return -EMFILE;
	unpack(ret_order, &header);
	return 0;
}
