// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ttrpc/ttrpc.h"

#define PREFIX	"unix://"

int ttrpc_connect(const char *address, int *ret_fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t length;
	int fd, r;

	if (!strncmp(address, PREFIX, strlen(PREFIX)))
		address += strlen(PREFIX);
	length = strlen(address);
	if (!length)
		return -EINVAL;
	if (length >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	memcpy(name.sun_path, address, length);
	if (address[0] == '@')
		name.sun_path[0] = 0;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A unix socket connects at once or not at all. */
	if (connect(fd, (struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length +
				(address[0] != '@'))) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}
