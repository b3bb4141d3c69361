// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "console.h"

struct console {
	int fd;
	struct sockaddr_un address;
};

static int listen_at(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 || listen(fd, 1) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int console_new(const char *path, struct console **ret_console)
{
	struct console *console = calloc(1, sizeof(*console));

	if (!console)
		return -ENOMEM;
	console->address.sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(console->address.sun_path)) {
		free(console);
		return -ENAMETOOLONG;
	}
	memcpy(console->address.sun_path, path, strlen(path) + 1);
	console->fd = listen_at(&console->address);
	if (console->fd < 0) {
		int r = console->fd;

		free(console);
		return r;
	}
	*ret_console = console;
	return 0;
}

static int receive_fd(int connection)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char name[256];
	struct iovec data = { .iov_base = name, .iov_len = sizeof(name) };
	/* Not CMSG_SPACE(): the kernel would use what that aligns for one more. */
	struct msghdr message = { .msg_iov = &data,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = CMSG_LEN(sizeof(int)) };
	struct cmsghdr *header;
	int fd;

	if (recvmsg(connection, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) < 0)
		return -errno;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	if (message.msg_flags & MSG_CTRUNC) {
		close(fd);
		return -EPROTO;
	}
	return fd;
}

int console_take(struct console *console)
{
	int connection = accept4(console->fd, NULL, NULL, SOCK_CLOEXEC);
	int r;

	if (connection < 0)
		return errno == EAGAIN ? -ENOENT : -errno;
	r = receive_fd(connection);
	close(connection);
	return r;
}

void console_free(struct console *console)
{
	if (!console)
		return;
	close(console->fd);
	unlink(console->address.sun_path);
	free(console);
}
