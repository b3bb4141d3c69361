// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "nonblocking.h"
#include "port.h"

/* In a turn of the loop. */
#define WRITES_MAX 16

struct stream_port {
	struct ev_loop *loop;
	struct stream_mux *mux;
	stream_port_failed *failed;
	void *context;
	ev_io readable, writable;
	bool output_wanted;
	int fd;
};

static void on_output(void *context)
{
	struct stream_port *port = context;

	port->output_wanted = true;
	ev_io_start(port->loop, &port->writable);
}

/* The last thing that a watcher's callback does: the port may be gone then. */
static void fail(struct stream_port *port, int error)
{
	ev_io_stop(port->loop, &port->readable);
	ev_io_stop(port->loop, &port->writable);
	port->failed(port->context, error);
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	/* One loop, one thread; the mux copies what it keeps. */
	static uint8_t buffer[64 * 1024];
	struct stream_port *port = watcher->data;
	ssize_t size = read(port->fd, buffer, sizeof(buffer));
	int r;

	(void)loop;
	(void)events;
	if (size < 0) {
		if (!is_passing(errno))
			fail(port, errno);
		return;
	}
	if (!size) {
		fail(port, EPIPE);
		return;
	}
	r = stream_mux_input(port->mux, buffer, size);
	if (r < 0)
		fail(port, -r);
}

/* Returns false when there is nothing to write, or no room, or no port any more. */
static bool write_some(struct stream_port *port)
{
	const void *data;
	ssize_t size;

	port->output_wanted = false;
	size = stream_mux_output(port->mux, &data);
	if (!size) {
		if (!port->output_wanted)
			ev_io_stop(port->loop, &port->writable);
		return false;
	}
	size = write(port->fd, data, size);
	if (size >= 0)
		stream_mux_sent(port->mux, size);
	else if (!is_passing(errno))
		fail(port, errno);
	return size > 0;
}

/* A virtio-console port takes 32 KiB at a time. */
static void on_writable(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	for (int i = 0; i < WRITES_MAX && write_some(watcher->data); i++)
		;
}

int stream_port_new(struct ev_loop *loop, int fd, stream_port_failed *failed, void *context,
		    struct stream_port **ret_port)
{
	static const struct stream_mux_handlers handlers = { .output = on_output };
	struct stream_port *port;
	int r;

	r = set_nonblocking(fd);
	if (r < 0)
		return r;
	port = calloc(1, sizeof(*port));
	if (!port)
		return -ENOMEM;
	r = stream_mux_new(&handlers, port, &port->mux);
	if (r < 0) {
		free(port);
		return r;
	}
	port->loop = loop;
	port->fd = fd;
	port->failed = failed;
	port->context = context;
	ev_io_init(&port->readable, on_readable, fd, EV_READ);
	ev_io_init(&port->writable, on_writable, fd, EV_WRITE);
	port->readable.data = port->writable.data = port;
	ev_io_start(loop, &port->readable);
	*ret_port = port;
	return 0;
}

void stream_port_free(struct stream_port *port)
{
	if (!port)
		return;
	ev_io_stop(port->loop, &port->readable);
	ev_io_stop(port->loop, &port->writable);
	stream_mux_free(port->mux, ECONNRESET);
	close(port->fd);
	free(port);
}

struct stream_mux *stream_port_mux(struct stream_port *port)
{
	return port->mux;
}
