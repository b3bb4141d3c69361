// SPDX-License-Identifier: GPL-2.0-or-later
/* The listening socket of a server. */
#include "ttrpc/server_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Out of descriptors or memory: until the next attempt. */
#define RETRY_SECONDS	0.5

static bool is_same_user(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) && peer.uid == geteuid();
}

static void accept_one(struct ttrpc_server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) {
		if (!is_same_user(fd) || ttrpc_server_add(server, fd) < 0)
			close(fd);
		listener_watch(server);
		return;
	}
	if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
		return;
	/* It would be readable all the time. */
	ev_io_stop(server->loop, &server->acceptable);
	ev_timer_again(server->loop, &server->retry);
}

static void on_acceptable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	accept_one(watcher->data);
}

static void on_retry(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	(void)events;
	ev_timer_stop(loop, watcher);
	listener_watch(watcher->data);
}

void listener_watch(struct ttrpc_server *server)
{
	if (server->listener < 0)
		return;
	if (server->nr_peers < TTRPC_MAX_CONNECTIONS)
		ev_io_start(server->loop, &server->acceptable);
	else
		ev_io_stop(server->loop, &server->acceptable);
}

int ttrpc_server_listen(struct ttrpc_server *server, int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (server->listener >= 0)
		return -EALREADY;
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	server->listener = fd;
	ev_io_init(&server->acceptable, on_acceptable, fd, EV_READ);
	ev_timer_init(&server->retry, on_retry, RETRY_SECONDS, RETRY_SECONDS);
	server->acceptable.data = server;
	server->retry.data = server;
	listener_watch(server);
	return 0;
}

void listener_close(struct ttrpc_server *server)
{
	if (server->listener < 0)
		return;
	ev_io_stop(server->loop, &server->acceptable);
	ev_timer_stop(server->loop, &server->retry);
	close(server->listener);
	server->listener = -1;
}
