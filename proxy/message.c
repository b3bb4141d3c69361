// SPDX-License-Identifier: GPL-2.0-or-later
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(KBM_MAX_FDS * sizeof(int))];
};

int message_connect(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	saved = errno;
	close_fd(fd);
	return -saved;
}

int message_send(int socket, const struct kbm_message *message, const int *fds, unsigned int nr)
{
	struct iovec data = { .iov_base = (void *)message, .iov_len = sizeof(*message) };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };
	union control control = { 0 };
	ssize_t n;

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
	return n < 0 ? -EIO : 0;
}

static void take_fds(struct msghdr *header, int *fds)
{
	struct cmsghdr *control = CMSG_FIRSTHDR(header);

	for (unsigned int i = 0; i < KBM_MAX_FDS; i++)
		fds[i] = -1;
	if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
		return;
	/* The kernel cuts off what the buffer has no room for. */
	memcpy(fds, CMSG_DATA(control), control->cmsg_len - CMSG_LEN(0));
}

int message_receive(int socket, struct kbm_message *ret_message, int *ret_fds)
{
	struct iovec data = { .iov_base = ret_message, .iov_len = sizeof(*ret_message) };
	union control control = { 0 };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = control.bytes, .msg_controllen = sizeof(control.bytes),
	};
	ssize_t n;

	do {
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return -EIO;
	take_fds(&header, ret_fds);
	if (n == sizeof(*ret_message) && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		return 0;
	for (unsigned int i = 0; i < KBM_MAX_FDS; i++) {
		close_fd(ret_fds[i]);
		ret_fds[i] = -1;
	}
	return -EPROTO;
}
