// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ttrpc/clock.h"
#include "ttrpc/ttrpc.h"

/* Read at once; the others on the loop have their turn then. */
#define READ_SIZE	32768

static void unreference(struct connection *connection)
{
	if (--connection->references)
		return;
	buffer_done(&connection->in);
	buffer_done(&connection->out);
	frame_reader_done(&connection->reader);
	free(connection);
}

static bool is_paused(const struct connection *connection)
{
	return buffer_length(&connection->out) > TTRPC_OUTPUT_PAUSE;
}

static void watch(struct connection *connection)
{
	/* Stopping a watcher would take back what connection_fail() has fed. */
	if (connection->fd < 0 || connection->failed)
		return;
	if (is_paused(connection))
		ev_io_stop(connection->loop, &connection->readable);
	else
		ev_io_start(connection->loop, &connection->readable);
	if (!buffer_length(&connection->out))
		ev_io_stop(connection->loop, &connection->writable);
	else
		ev_io_start(connection->loop, &connection->writable);
}

void connection_fail(struct connection *connection, int error)
{
	if (connection->failed || connection->fd < 0)
		return;
	connection->failed = true;
	connection->error = error;
	ev_io_stop(connection->loop, &connection->readable);
	ev_io_stop(connection->loop, &connection->writable);
	ev_feed_event(connection->loop, &connection->readable, EV_CUSTOM);
}

static ssize_t write_some(struct connection *connection)
{
	const uint8_t *data = buffer_data(&connection->out);
	size_t bytes = buffer_length(&connection->out);

	/* A port is no socket, and has no SIGPIPE. */
	return connection->is_socket ? send(connection->fd, data, bytes, MSG_NOSIGNAL) :
				       write(connection->fd, data, bytes);
}

static void write_out(struct connection *connection)
{
	while (!connection->failed && buffer_length(&connection->out)) {
		ssize_t written = write_some(connection);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
			break;
		if (written < 0) {
			connection_fail(connection, -errno);
			break;
		}
		buffer_consume(&connection->out, (size_t)written);
	}
}

/* What came while reading was paused is taken when it is resumed. */
static void take_frames(struct connection *connection)
{
	while (connection->fd >= 0 && !connection->failed && !is_paused(connection) &&
	       buffer_length(&connection->in)) {
		struct frame frame;
		bool whole;
		ssize_t used = frame_read(&connection->reader, buffer_data(&connection->in),
					  buffer_length(&connection->in), &frame, &whole);

		if (used < 0) {
			connection_fail(connection, (int)used);
			break;
		}
		buffer_consume(&connection->in, (size_t)used);
		if (whole)
			connection->ops->frame(connection->owner, &frame);
	}
}

static void read_in(struct connection *connection)
{
	uint8_t *room = buffer_reserve(&connection->in, READ_SIZE);
	ssize_t bytes;

	if (!room) {
		connection_fail(connection, -ENOMEM);
		return;
	}
	bytes = read(connection->fd, room, READ_SIZE);
	if (bytes < 0 && (errno == EINTR || errno == EAGAIN)) {
		buffer_consume(&connection->in, 0);
		return;
	}
	if (bytes <= 0) {
		connection_fail(connection, bytes < 0 ? -errno : 0);
		return;
	}
	buffer_commit(&connection->in, (size_t)bytes);
}

static void on_readable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct connection *connection = watcher->data;

	(void)loop;
	connection->references++;
	if (connection->failed) {
		connection->ops->lost(connection->owner, connection->error);
	} else if (events & EV_READ) {
		read_in(connection);
		take_frames(connection);
		watch(connection);
	}
	unreference(connection);
}

static void on_writable(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct connection *connection = watcher->data;

	(void)loop;
	(void)events;
	connection->references++;
	write_out(connection);
	take_frames(connection);
	watch(connection);
	unreference(connection);
}

static int prepare_fd(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

static bool is_socket(int fd)
{
	int type;
	socklen_t size = sizeof(type);

	return !getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
}

int connection_new(struct ev_loop *loop, int fd, const struct connection_ops *ops, void *owner,
		   struct connection **ret_connection)
{
	struct connection *connection;
	int r = prepare_fd(fd);

	if (r < 0)
		return r;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return -ENOMEM;
	connection->references = 1;
	connection->loop = loop;
	connection->ops = ops;
	connection->owner = owner;
	connection->fd = fd;
	connection->is_socket = is_socket(fd);
	ev_io_init(&connection->readable, on_readable, fd, EV_READ);
	ev_io_init(&connection->writable, on_writable, fd, EV_WRITE);
	connection->readable.data = connection;
	connection->writable.data = connection;
	watch(connection);
	*ret_connection = connection;
	return 0;
}

void connection_close(struct connection *connection)
{
	if (!connection || connection->fd < 0)
		return;
	/* Takes back what was fed, too. */
	ev_io_stop(connection->loop, &connection->readable);
	ev_io_stop(connection->loop, &connection->writable);
	close(connection->fd);
	connection->fd = -1;
	unreference(connection);
}

int connection_send(struct connection *connection, uint32_t stream, enum frame_type type,
		    const ProtobufCMessage *message)
{
	size_t bytes = protobuf_c_message_get_packed_size(message);
	bool was_empty = !buffer_length(&connection->out);
	uint8_t *data;

	if (connection->fd < 0 || connection->failed)
		return -ENOTCONN;
	if (bytes > TTRPC_MAX_DATA)
		return -EMSGSIZE;
	data = frame_append(&connection->out, stream, type, (uint32_t)bytes);
	if (!data)
		return -ENOMEM;
	protobuf_c_message_pack(message, data);
	if (was_empty)
		write_out(connection);
	watch(connection);
	return 0;
}

size_t connection_unsent(const struct connection *connection)
{
	return connection->failed ? 0 : buffer_length(&connection->out);
}

int connection_flush(struct connection *connection, double deadline)
{
	struct pollfd wait = { .fd = connection->fd, .events = POLLOUT };

	for (;;) {
		double left;

		write_out(connection);
		if (!connection_unsent(connection))
			break;
		left = deadline - clock_seconds();
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)(left * 1000) + 1) < 0 && errno != EINTR)
			return -errno;
	}
	watch(connection);
	return connection->failed ? -EPIPE : 0;
}

int connection_linger(struct connection *connection, double deadline)
{
	struct pollfd wait = { .fd = connection->fd, .events = POLLRDHUP };

	while (!connection->failed) {
		double left = deadline - clock_seconds();
		int r = left > 0 ? poll(&wait, 1, (int)(left * 1000) + 1) : 0;

		if (!r)
			return -ETIMEDOUT;
		if (r > 0)
			break;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}
