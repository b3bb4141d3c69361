// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "nonblocking.h"
#include "pump.h"

/* Most that one source gives in a turn of the loop; a multiple of a payload. */
#define SOURCE_SHARE (4 * STREAM_PAYLOAD_MAX)

struct stream_pump {
	struct ev_loop *loop;
	struct stream *stream;
	stream_pump_done *done;
	void *context;
	uint64_t moved;
	ev_io io;
	ev_timer finished; /* reports from the loop, never from within a call */
	int error;
	int fd;
	bool is_source, draining;
};

static void on_finished(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct stream_pump *pump = timer->data;

	(void)loop;
	(void)events;
	if (pump->done)
		pump->done(pump->context, pump->error);
}

/* Once: the stream is given back, and with it no handler comes any more. */
static void finish(struct stream_pump *pump, int error)
{
	if (!pump->stream)
		return;
	ev_io_stop(pump->loop, &pump->io);
	stream_close(pump->stream, error);
	pump->stream = NULL;
	close(pump->fd);
	pump->fd = -1;
	pump->error = error;
	ev_timer_start(pump->loop, &pump->finished);
}

/* From a descriptor to a stream. */

static void source_end(struct stream_pump *pump, int error)
{
	if (!error || error == EIO) {
		stream_finish(pump->stream);
		error = 0;
	}
	finish(pump, error);
}

/* Bytes moved; 0 when there is nothing to read now, or never again, or no room. */
static size_t source_move(struct stream_pump *pump)
{
	void *place;
	size_t room = stream_reserve(pump->stream, &place);
	ssize_t size;

	if (!room) {
		ev_io_stop(pump->loop, &pump->io);
		return 0;
	}
	size = read(pump->fd, place, room);
	if (size > 0) {
		pump->moved += size;
		stream_commit(pump->stream, size);
		return size;
	}
	if (!size || !is_passing(errno) || pump->draining)
		source_end(pump, size && !is_passing(errno) ? errno : 0);
	return 0;
}

/* What is there, to spare turns of the loop; a stream without end gets its share. */
static void on_source_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct stream_pump *pump = io->data;
	size_t moved, left = SOURCE_SHARE;

	(void)loop;
	(void)events;
	do {
		moved = source_move(pump);
		left -= moved;
	} while (moved == STREAM_PAYLOAD_MAX && left);
}

static void on_source_room(struct stream *stream)
{
	struct stream_pump *pump = stream_context(stream);

	ev_io_start(pump->loop, &pump->io);
	if (pump->draining)
		stream_pump_drain(pump);
}

/*
 * The receiving side ends its half at once, since it has nothing to send: that
 * is no reason to stop. A reset is.
 */
static void on_source_ended(struct stream *stream, int error)
{
	if (error)
		finish(stream_context(stream), error);
}

/* From a stream to a descriptor. */

static ssize_t sink_write(struct stream_pump *pump, const void *data, size_t size)
{
	ssize_t written = write(pump->fd, data, size);

	if (written < 0 && is_passing(errno))
		written = 0;
	if (written < 0)
		return -errno;
	pump->moved += written;
	if ((size_t)written < size)
		ev_io_start(pump->loop, &pump->io);
	return written;
}

static size_t on_sink_received(struct stream *stream, const void *data, size_t size)
{
	struct stream_pump *pump = stream_context(stream);
	ssize_t written = sink_write(pump, data, size);

	if (written >= 0)
		return written;
	finish(pump, -written);
	return 0;
}

static void on_sink_writable(struct ev_loop *loop, ev_io *io, int events)
{
	struct stream_pump *pump = io->data;
	const void *data;
	size_t size = stream_peek(pump->stream, &data);
	ssize_t written;

	(void)events;
	ev_io_stop(loop, io);
	if (!size)
		return;
	written = sink_write(pump, data, size);
	if (written < 0)
		finish(pump, -written);
	else
		stream_consume(pump->stream, written);
}

static void on_sink_ended(struct stream *stream, int error)
{
	finish(stream_context(stream), error);
}

/* A pipe that takes a window at once: both of its users are woken less often. */
static void widen_pipe(int fd)
{
	int size = fcntl(fd, F_GETPIPE_SZ);

	if (size > 0 && size < STREAM_WINDOW)
		(void)fcntl(fd, F_SETPIPE_SZ, STREAM_WINDOW);
}

static int pump_new(struct ev_loop *loop, int fd, stream_pump_done *done, void *context,
		    struct stream_pump **ret_pump)
{
	struct stream_pump *pump;
	int r;

	r = set_nonblocking(fd);
	if (r < 0)
		return r;
	pump = calloc(1, sizeof(*pump));
	if (!pump)
		return -ENOMEM;
	widen_pipe(fd);
	pump->loop = loop;
	pump->fd = fd;
	pump->done = done;
	pump->context = context;
	ev_timer_init(&pump->finished, on_finished, 0., 0.);
	pump->finished.data = pump->io.data = pump;
	*ret_pump = pump;
	return 0;
}

int stream_pump_from(struct ev_loop *loop, struct stream_mux *mux, uint32_t number, int fd,
		     stream_pump_done *done, void *context, struct stream_pump **ret_pump)
{
	static const struct stream_handlers handlers = {
		.ended = on_source_ended,
		.writable = on_source_room,
	};
	struct stream_pump *pump;
	int r;

	r = pump_new(loop, fd, done, context, &pump);
	if (r < 0)
		return r;
	r = stream_open(mux, number, 0, &handlers, pump, &pump->stream);
	if (r < 0) {
		free(pump);
		return r;
	}
	pump->is_source = true;
	ev_io_init(&pump->io, on_source_readable, fd, EV_READ);
	ev_io_start(loop, &pump->io);
	*ret_pump = pump;
	return 0;
}

int stream_pump_to(struct ev_loop *loop, struct stream_mux *mux, uint32_t number, int fd,
		   stream_pump_done *done, void *context, struct stream_pump **ret_pump)
{
	static const struct stream_handlers handlers = {
		.received = on_sink_received,
		.ended = on_sink_ended,
	};
	struct stream_pump *pump;
	int r;

	r = pump_new(loop, fd, done, context, &pump);
	if (r < 0)
		return r;
	r = stream_open(mux, number, STREAM_WINDOW, &handlers, pump, &pump->stream);
	if (r < 0) {
		free(pump);
		return r;
	}
	stream_finish(pump->stream);
	ev_io_init(&pump->io, on_sink_writable, fd, EV_WRITE);
	*ret_pump = pump;
	return 0;
}

void stream_pump_drain(struct stream_pump *pump)
{
	if (!pump->stream || !pump->is_source)
		return;
	pump->draining = true;
	while (pump->stream && source_move(pump))
		;
}

uint64_t stream_pump_moved(const struct stream_pump *pump)
{
	return pump->moved;
}

void stream_pump_free(struct stream_pump *pump)
{
	if (!pump)
		return;
	finish(pump, ECANCELED);
	ev_timer_stop(pump->loop, &pump->finished);
	free(pump);
}
