/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of ttrpc: a header of 10 bytes, big-endian (length, stream, type, flags),
 * then data. PROTOCOL.md of ttrpc. No I/O here.
 */
#ifndef SHIM_TTRPC_FRAME_H
#define SHIM_TTRPC_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ttrpc/buffer.h"

#define FRAME_HEADER	10

enum frame_type {
	FRAME_REQUEST = 1,
	FRAME_RESPONSE = 2,
	FRAME_DATA = 3,
};

enum frame_flags {
	FRAME_REMOTE_CLOSED = 0x1,
	FRAME_REMOTE_OPEN = 0x2,
	FRAME_NO_DATA = 0x4,
};

/**
 * struct frame - a frame that was read
 * @stream:	its call's.
 * @type:	of enum frame_type, or anything.
 * @flags:	of enum frame_flags, or anything.
 * @length:	of the data, as announced.
 * @data:	good until the reader is used again; NULL: more than TTRPC_MAX_DATA,
 *		which has been skipped.
 */
struct frame {
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
	uint32_t length;
	const uint8_t *data;
};

/* Zeroed: at the start of a frame. */
struct frame_reader {
	uint8_t header[FRAME_HEADER];
	size_t nr_header;
	uint32_t nr_skipped;
	bool taken;		/* the frame in @data was given out */
	struct buffer data;
};

/*
 * Takes bytes until a frame is whole: *ret_whole, then *ret_frame is it. Returns how
 * many it took, which is all of them if no frame is whole; or -ENOMEM. It takes
 * memory for what has come, not for what is announced.
 */
ssize_t frame_read(struct frame_reader *reader, const uint8_t *bytes, size_t size,
		   struct frame *ret_frame, bool *ret_whole);

/* Frees what the reader has, and starts over. */
void frame_reader_done(struct frame_reader *reader);

/* Adds a frame of @length bytes to @out and returns where these go; NULL: no memory. */
uint8_t *frame_append(struct buffer *out, uint32_t stream, enum frame_type type,
		      uint32_t length);

#endif
