// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that come in, cut anywhere; every number in them is the peer's word. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "mux.h"

static uint32_t get_u32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return le32toh(value);
}

static int handle_open(struct stream_mux *mux, uint32_t number, uint32_t window)
{
	struct stream *stream = mux_find(mux, number);
	int r;

	if (!number || window > STREAM_WINDOW_MAX)
		return -EPROTO;
	if (!stream) {
		r = mux_add(mux, number, &stream);
		if (r < 0)
			return r == -EMFILE ? -EPROTO : r;
	}
	if (stream->peer_opened)
		return -EPROTO;
	stream->peer_opened = true;
	stream->credit = window;
	mux_make_due(stream);
	return 0;
}

static int handle_window(struct stream *stream, uint32_t more)
{
	if (!more || more > STREAM_WINDOW_MAX)
		return -EPROTO;
	if (stream->credit + more > STREAM_WINDOW_MAX)
		return -EPROTO;
	stream->credit += more;
	mux_make_due(stream);
	return 0;
}

static int handle_end(struct stream *stream)
{
	stream->peer_ended = true;
	mux_make_due(stream);
	return 0;
}

static int handle_reset(struct stream *stream, uint32_t error)
{
	if (!error || error > 4095)
		return -EPROTO;
	stream->peer_ended = stream->peer_reset = true;
	stream->peer_error = error;
	stream_drop_kept(stream);
	if (!stream->finished) {
		stream->finished = true;
		/* A number that nobody here has opened is answered and forgotten. */
		stream->end_owed = stream->opened;
		stream->reset_owed = !stream->opened;
		stream->reset_error = error;
	}
	mux_make_due(stream);
	return 0;
}

/*
 * A number may be unknown since its stream is over for this side, while "window"
 * or "reset" was under way.
 */
static int handle_control(struct stream_mux *mux)
{
	uint32_t value = get_u32(mux->in + FRAME_HEADER);
	struct stream *stream;

	if (mux->in_type == FRAME_OPEN)
		return handle_open(mux, mux->in_stream, value);
	stream = mux_find(mux, mux->in_stream);
	if (!stream && mux->in_type != FRAME_END)
		return 0;
	if (!stream || (!stream->peer_opened && mux->in_type != FRAME_RESET))
		return -EPROTO;
	if (mux->in_type == FRAME_WINDOW)
		return handle_window(stream, value);
	if (mux->in_type == FRAME_END)
		return stream->peer_ended ? -EPROTO : handle_end(stream);
	return stream->peer_reset ? -EPROTO : handle_reset(stream, value);
}

static int check_data(struct stream_mux *mux)
{
	struct stream *stream = mux_find(mux, mux->in_stream);

	if (!stream || !stream->peer_opened || stream->peer_ended)
		return -EPROTO;
	if (!mux->in_left || mux->in_left > STREAM_PAYLOAD_MAX)
		return -EPROTO;
	if (mux->in_left > stream->granted)
		return -EPROTO;
	stream->granted -= mux->in_left;
	return 0;
}

static int take_data(struct stream_mux *mux, const void *data, size_t size)
{
	struct stream *stream = mux_find(mux, mux->in_stream);
	size_t taken = 0;

	/* Closed here since the peer sent it, or since its header came. */
	if (!stream || !stream->held)
		return 0;
	if (!stream->kept_size)
		taken = stream->handlers->received(stream, data, size);
	if (!stream->held)
		return 0;
	stream_return(stream, taken);
	return taken == size ?
		       0 :
		       stream_keep(stream, (const uint8_t *)data + taken,
				   size - taken);
}

/* What the header announces; data goes on without being gathered. */
static int handle_header(struct stream_mux *mux)
{
	static const uint8_t sizes[] = {
		[FRAME_OPEN] = 4,
		[FRAME_WINDOW] = 4,
		[FRAME_END] = 0,
		[FRAME_RESET] = 4,
	};
	uint32_t word = get_u32(mux->in + 4);

	mux->in_stream = get_u32(mux->in);
	mux->in_type = word >> 24;
	mux->in_left = word & 0xffffff;
	if (mux->in_type == FRAME_DATA)
		return check_data(mux);
	if (mux->in_type < FRAME_OPEN || mux->in_type > FRAME_RESET)
		return -EPROTO;
	return mux->in_left == sizes[mux->in_type] ? 0 : -EPROTO;
}

static size_t gather(struct stream_mux *mux, size_t wanted, const uint8_t *data,
		     size_t size)
{
	size_t part = wanted - mux->in_size;

	if (part > size)
		part = size;
	memcpy(mux->in + mux->in_size, data, part);
	mux->in_size += part;
	return part;
}

/* Takes a part of the input; returns its size or an error. */
static ssize_t input_step(struct stream_mux *mux, const uint8_t *data,
			  size_t size)
{
	size_t part = 0;
	int r = 0;

	if (mux->in_size < FRAME_HEADER) {
		part = gather(mux, FRAME_HEADER, data, size);
		if (mux->in_size == FRAME_HEADER)
			r = handle_header(mux);
		if (r < 0 || mux->in_size < FRAME_HEADER ||
		    mux->in_type == FRAME_DATA)
			return r < 0 ? r : (ssize_t)part;
	} else if (mux->in_type == FRAME_DATA) {
		part = size < mux->in_left ? size : mux->in_left;
		r = take_data(mux, data, part);
		mux->in_left -= part;
		if (!mux->in_left)
			mux->in_size = 0;
		return r < 0 ? r : (ssize_t)part;
	}
	part += gather(mux, FRAME_HEADER + mux->in_left, data + part,
		       size - part);
	if (mux->in_size == FRAME_HEADER + mux->in_left) {
		mux->in_size = 0;
		r = handle_control(mux);
	}
	return r < 0 ? r : (ssize_t)part;
}

int stream_mux_input(struct stream_mux *mux, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	ssize_t part;

	while (size && !mux->broken) {
		part = input_step(mux, bytes, size);
		if (part < 0) {
			mux->broken = true;
			return part;
		}
		bytes += part;
		size -= part;
	}
	return mux->broken ? -EPROTO : 0;
}
