/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of stream/: what a mux and a stream consist of. */
#ifndef KBM_STREAM_MUX_H
#define KBM_STREAM_MUX_H

#include "stream.h"

#define FRAME_HEADER 8
#define FRAME_CONTROL_MAX (FRAME_HEADER + 4)

enum frame_type {
	FRAME_OPEN = 1,
	FRAME_DATA = 2,
	FRAME_WINDOW = 3,
	FRAME_END = 4,
	FRAME_RESET = 5,
};

struct stream {
	struct stream_mux *mux;
	struct stream *next_in_bucket;
	struct stream *next_due;
	const struct stream_handlers *handlers;
	void *context;
	uint32_t number;
	bool due; /* is in the list of those with work for mux_turn() */

	/* This side's half. */
	bool held; /* between stream_open() and stream_close() */
	bool open_owed, window_owed, end_owed, reset_owed;
	bool opened, finished; /* finished: end or reset is owed or sent */
	bool wants_room;
	uint32_t reset_error;

	/* The peer's half. */
	bool peer_opened, peer_ended, peer_reset;
	bool end_told, error_told;
	int peer_error;
	uint64_t credit; /* bytes that it takes */

	/* What this side takes: granted is under way or may come. */
	uint32_t window, granted, returned;
	uint8_t *kept;
	size_t kept_start, kept_size, kept_capacity;
};

#define STREAM_BUCKETS 256

struct stream_mux {
	struct stream_mux_handlers handlers;
	void *context;
	struct stream *buckets[STREAM_BUCKETS];
	struct stream *due_first, **due_last;
	size_t count;
	bool broken;

	/* Input: a header, or the payload of a control frame, so far. */
	uint8_t in[FRAME_CONTROL_MAX];
	size_t in_size;
	uint32_t in_stream, in_type, in_left; /* in_left: of a data payload */

	uint8_t *out;
	size_t out_start, out_end;
};

/* out.c */
bool mux_out_control(struct stream_mux *mux, uint32_t stream, enum frame_type type,
		     const uint32_t *value);
size_t mux_out_room(const struct stream_mux *mux);
uint8_t *mux_out_reserve(struct stream_mux *mux);
void mux_out_data(struct stream_mux *mux, uint32_t stream, size_t size);

/* table.c */
struct stream *mux_find(struct stream_mux *mux, uint32_t number);
int mux_add(struct stream_mux *mux, uint32_t number, struct stream **ret_stream);
void mux_remove(struct stream *stream);
void mux_make_due(struct stream *stream);
struct stream *mux_take_due(struct stream_mux *mux);

/* stream.c */
void stream_return(struct stream *stream, size_t size);

/* kept.c: what "received" left */
int stream_keep(struct stream *stream, const void *data, size_t size);
void stream_drop_kept(struct stream *stream);

#endif
