// SPDX-License-Identifier: GPL-2.0-or-later
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "packet.h"

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
	return packet_send(socket, message, sizeof(*message), fds, nr) ? -EIO : 0;
}

int message_receive(int socket, struct kbm_message *ret_message, int *ret_fds)
{
	int r = packet_receive(socket, ret_message, sizeof(*ret_message), ret_fds, KBM_MAX_FDS);

	return r && r != -EPROTO ? -EIO : r;
}
