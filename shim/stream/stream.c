// SPDX-License-Identifier: GPL-2.0-or-later
/* A stream as its owner sees it, and the turn in which owed frames are made. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mux.h"

int stream_open(struct stream_mux *mux, uint32_t number, uint32_t window,
		const struct stream_handlers *handlers, void *context, struct stream **ret_stream)
{
	struct stream *stream;
	int r;

	if (!number || window > STREAM_WINDOW_MAX)
		return -EINVAL;
	stream = mux_find(mux, number);
	if (stream && (stream->held || stream->opened))
		return -EEXIST;
	if (!stream) {
		r = mux_add(mux, number, &stream);
		if (r < 0)
			return r;
	}
	stream->handlers = handlers;
	stream->context = context;
	stream->held = stream->opened = stream->open_owed = true;
	stream->window = stream->granted = window;
	mux_make_due(stream);
	*ret_stream = stream;
	return 0;
}

void *stream_context(const struct stream *stream)
{
	return stream->context;
}

uint32_t stream_number(const struct stream *stream)
{
	return stream->number;
}

static bool is_over(const struct stream *stream)
{
	bool owes = stream->open_owed || stream->end_owed || stream->reset_owed;

	return stream->finished && stream->peer_ended && !owes;
}

static bool send_owed(struct stream *stream, bool *owed, enum frame_type type,
		      const uint32_t *value)
{
	if (*owed && mux_out_control(stream->mux, stream->number, type, value))
		*owed = false;
	return !*owed;
}

/* In this order; returns false when the output is full. */
static bool send_all_owed(struct stream *stream)
{
	uint32_t returned = stream->returned;

	if (!send_owed(stream, &stream->open_owed, FRAME_OPEN, &stream->window))
		return false;
	if (stream->window_owed) {
		if (!send_owed(stream, &stream->window_owed, FRAME_WINDOW, &returned))
			return false;
		stream->granted += returned;
		stream->returned = 0;
	}
	return send_owed(stream, &stream->end_owed, FRAME_END, NULL) &&
	       send_owed(stream, &stream->reset_owed, FRAME_RESET, &stream->reset_error);
}

static size_t room_of(const struct stream *stream)
{
	size_t room = mux_out_room(stream->mux);

	return room < stream->credit ? room : stream->credit;
}

/* Everything sent to a peer that is gone, or after finish, is thrown away. */
static bool is_sink(const struct stream *stream)
{
	return stream->finished || stream->peer_reset;
}

size_t stream_reserve(struct stream *stream, void **ret_data)
{
	static uint8_t thrown_away[STREAM_PAYLOAD_MAX];
	size_t room;

	if (is_sink(stream)) {
		*ret_data = thrown_away;
		return sizeof(thrown_away);
	}
	room = send_all_owed(stream) ? room_of(stream) : 0;
	*ret_data = room ? mux_out_reserve(stream->mux) : NULL;
	if (!room) {
		/* Others may have filled the output: its turn will tell of room. */
		stream->wants_room = true;
		mux_make_due(stream);
	}
	return room;
}

void stream_commit(struct stream *stream, size_t size)
{
	if (is_sink(stream) || !size)
		return;
	mux_out_data(stream->mux, stream->number, size);
	stream->credit -= size;
	/* Also for the output's sake: mux_make_due() is what announces it. */
	mux_make_due(stream);
}

size_t stream_send(struct stream *stream, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	size_t sent = 0, part;
	void *place;

	while (sent < size && (part = stream_reserve(stream, &place))) {
		if (part > size - sent)
			part = size - sent;
		memcpy(place, bytes + sent, part);
		stream_commit(stream, part);
		sent += part;
	}
	return sent;
}

void stream_finish(struct stream *stream)
{
	if (stream->finished)
		return;
	stream->finished = stream->end_owed = true;
	mux_make_due(stream);
}

/* The owner took size bytes: one "window" for each half of it. */
void stream_return(struct stream *stream, size_t size)
{
	stream->returned += size;
	if (stream->peer_ended || !stream->returned)
		return;
	if (stream->returned >= stream->window / 2) {
		stream->window_owed = true;
		mux_make_due(stream);
	}
}

void stream_consume(struct stream *stream, size_t size)
{
	stream->kept_start += size;
	stream->kept_size -= size;
	if (!stream->kept_size)
		stream_drop_kept(stream);
	stream_return(stream, size);
	if (stream->peer_ended)
		mux_make_due(stream);
}

void stream_close(struct stream *stream, int error)
{
	if (!stream)
		return;
	stream->held = stream->window_owed = false;
	stream_drop_kept(stream);
	/* A stream that only sends is left alone once it has sent its end. */
	if (!stream->finished || (!stream->peer_ended && stream->window)) {
		stream->finished = stream->reset_owed = true;
		stream->reset_error = error > 0 ? error : ECANCELED;
	}
	mux_make_due(stream);
}

static void tell_error(struct stream *stream)
{
	if (!stream->held || stream->error_told || !stream->peer_reset)
		return;
	stream->error_told = stream->end_told = true;
	stream->handlers->ended(stream, stream->peer_error);
}

static void tell_end(struct stream *stream)
{
	if (!stream->held || stream->end_told || !stream->peer_ended || stream->kept_size)
		return;
	stream->end_told = true;
	stream->handlers->ended(stream, 0);
}

static void tell_room(struct stream *stream)
{
	if (!stream->held || !stream->wants_room || (!is_sink(stream) && !room_of(stream)))
		return;
	stream->wants_room = false;
	if (stream->handlers->writable)
		stream->handlers->writable(stream);
}

/*
 * Handlers are called here and in input.c only; they may close any stream, but
 * nothing is freed while a handler runs: that happens below.
 */
static void stream_turn(struct stream *stream, bool *ret_full)
{
	bool owes_nothing = send_all_owed(stream);

	tell_error(stream);
	tell_end(stream);
	tell_room(stream);
	if (stream->due)
		return;
	if (!owes_nothing || (stream->wants_room && stream->credit)) {
		*ret_full = true;
		mux_make_due(stream);
	} else if (!stream->held && is_over(stream)) {
		mux_remove(stream);
	}
}

size_t stream_mux_output(struct stream_mux *mux, const void **ret_data)
{
	/* Those that become due meanwhile have their turn in the next call. */
	size_t turns = mux->count;
	struct stream *stream;
	bool full = false;

	while (turns-- && !full && (stream = mux_take_due(mux)))
		stream_turn(stream, &full);
	if (mux->due_first)
		mux->handlers.output(mux->context);
	*ret_data = mux->out + mux->out_start;
	return mux->out_end - mux->out_start;
}

static void no_output(void *context)
{
	(void)context;
}

void stream_mux_free(struct stream_mux *mux, int error)
{
	struct stream *stream;

	if (!mux)
		return;
	mux->handlers.output = no_output;
	for (size_t i = 0; i < STREAM_BUCKETS; i++) {
		for (stream = mux->buckets[i]; stream; stream = stream->next_in_bucket) {
			stream->peer_ended = stream->peer_reset = true;
			stream->peer_error = error;
			tell_error(stream);
		}
	}
	for (size_t i = 0; i < STREAM_BUCKETS; i++)
		while (mux->buckets[i])
			mux_remove(mux->buckets[i]);
	free(mux->out);
	free(mux);
}
