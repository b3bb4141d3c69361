// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that wait to be sent, in one buffer of fixed size. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mux.h"

#define OUT_CAPACITY (256 * 1024)

/* Below that much room it is better to wait than to send small frames. */
#define OUT_ROOM_MIN 4096

/* Kept free of data, so that a flood of it cannot hold up what frees it. */
#define OUT_CONTROL_RESERVE 1024

/* More than that is not moved to the buffer's front: data waits until it is sent. */
#define OUT_MOVED_MAX (16 * 1024)

static size_t used(const struct stream_mux *mux)
{
	return mux->out_end - mux->out_start;
}

/* So that size bytes follow what is there; there is room for them. */
static void make_contiguous(struct stream_mux *mux, size_t size)
{
	size_t moved = used(mux);

	if (mux->out_end + size <= OUT_CAPACITY)
		return;
	memmove(mux->out, mux->out + mux->out_start, moved);
	mux->out_start = 0;
	mux->out_end = moved;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static uint8_t *append_frame(struct stream_mux *mux, uint32_t stream, enum frame_type type,
			     size_t size)
{
	uint8_t *frame = mux->out + mux->out_end;

	put_u32(frame, stream);
	put_u32(frame + 4, (uint32_t)type << 24 | size);
	mux->out_end += FRAME_HEADER + size;
	return frame + FRAME_HEADER;
}

/* Returns false when there is no room now. value may be NULL: no payload. */
bool mux_out_control(struct stream_mux *mux, uint32_t stream, enum frame_type type,
		     const uint32_t *value)
{
	uint8_t *payload;

	if (OUT_CAPACITY - used(mux) < FRAME_CONTROL_MAX)
		return false;
	make_contiguous(mux, FRAME_CONTROL_MAX);
	payload = append_frame(mux, stream, type, value ? sizeof(*value) : 0);
	if (value)
		put_u32(payload, *value);
	return true;
}

/* Bytes of data that fit, in one frame. */
size_t mux_out_room(const struct stream_mux *mux)
{
	size_t start = used(mux) <= OUT_MOVED_MAX ? mux->out_start : 0;
	size_t free_bytes = OUT_CAPACITY - (mux->out_end - start);

	if (free_bytes < OUT_ROOM_MIN + OUT_CONTROL_RESERVE)
		return 0;
	free_bytes -= OUT_CONTROL_RESERVE;
	return free_bytes < STREAM_PAYLOAD_MAX ? free_bytes : STREAM_PAYLOAD_MAX;
}

/* Where the data of the next frame goes, as much as there is room for. */
uint8_t *mux_out_reserve(struct stream_mux *mux)
{
	make_contiguous(mux, FRAME_HEADER + mux_out_room(mux));
	return mux->out + mux->out_end + FRAME_HEADER;
}

/* The frame of size bytes that were put there; since then no other was made. */
void mux_out_data(struct stream_mux *mux, uint32_t stream, size_t size)
{
	append_frame(mux, stream, FRAME_DATA, size);
}

int stream_mux_new(const struct stream_mux_handlers *handlers, void *context,
		   struct stream_mux **ret_mux)
{
	struct stream_mux *mux = calloc(1, sizeof(*mux));

	if (mux)
		mux->out = malloc(OUT_CAPACITY);
	if (!mux || !mux->out) {
		free(mux);
		return -ENOMEM;
	}
	mux->handlers = *handlers;
	mux->context = context;
	mux->due_last = &mux->due_first;
	*ret_mux = mux;
	return 0;
}

void stream_mux_sent(struct stream_mux *mux, size_t size)
{
	mux->out_start += size;
	if (mux->out_start == mux->out_end)
		mux->out_start = mux->out_end = 0;
}
