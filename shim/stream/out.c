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

static size_t room(const struct stream_mux *mux)
{
	return OUT_CAPACITY - (mux->out_end - mux->out_start);
}

static uint8_t *append(struct stream_mux *mux, size_t size)
{
	size_t used = mux->out_end - mux->out_start;

	if (mux->out_end + size > OUT_CAPACITY) {
		memmove(mux->out, mux->out + mux->out_start, used);
		mux->out_start = 0;
		mux->out_end = used;
	}
	mux->out_end += size;
	return mux->out + mux->out_end - size;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	value = htole32(value);
	memcpy(to, &value, sizeof(value));
}

static uint8_t *append_frame(struct stream_mux *mux, uint32_t stream,
			     enum frame_type type, size_t size)
{
	uint8_t *frame = append(mux, FRAME_HEADER + size);

	put_u32(frame, stream);
	put_u32(frame + 4, (uint32_t)type << 24 | size);
	return frame + FRAME_HEADER;
}

/* Returns false when there is no room now. value may be NULL: no payload. */
bool mux_out_control(struct stream_mux *mux, uint32_t stream,
		     enum frame_type type, const uint32_t *value)
{
	uint8_t *payload;

	if (room(mux) < FRAME_CONTROL_MAX)
		return false;
	payload = append_frame(mux, stream, type, value ? sizeof(*value) : 0);
	if (value)
		put_u32(payload, *value);
	return true;
}

/* Bytes of data that fit, in one frame. */
size_t mux_out_room(const struct stream_mux *mux)
{
	size_t free_bytes = room(mux);

	if (free_bytes < OUT_ROOM_MIN + OUT_CONTROL_RESERVE)
		return 0;
	free_bytes -= OUT_CONTROL_RESERVE;
	return free_bytes < STREAM_PAYLOAD_MAX ? free_bytes :
						 STREAM_PAYLOAD_MAX;
}

void mux_out_data(struct stream_mux *mux, uint32_t stream, const void *data,
		  size_t size)
{
	memcpy(append_frame(mux, stream, FRAME_DATA, size), data, size);
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
