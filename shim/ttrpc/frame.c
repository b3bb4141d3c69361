// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/frame.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "ttrpc/ttrpc.h"

static uint32_t get_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return be32toh(value);
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
	value = htobe32(value);
	memcpy(bytes, &value, sizeof(value));
}

static size_t smaller(size_t one, size_t other)
{
	return one < other ? one : other;
}

static size_t read_header(struct frame_reader *reader, const uint8_t *bytes, size_t size)
{
	size_t part = smaller(size, FRAME_HEADER - reader->nr_header);

	if (part)
		memcpy(reader->header + reader->nr_header, bytes, part);
	reader->nr_header += part;
	return part;
}

/* Negative: no memory. */
static ssize_t read_data(struct frame_reader *reader, const uint8_t *bytes, size_t size,
			 uint32_t length)
{
	size_t part = smaller(size, length - buffer_length(&reader->data));

	/* Also of nothing: data is not NULL then. */
	if (buffer_append(&reader->data, bytes, part) < 0)
		return -ENOMEM;
	return (ssize_t)part;
}

static size_t skip_data(struct frame_reader *reader, size_t size, uint32_t length)
{
	size_t part = smaller(size, length - reader->nr_skipped);

	reader->nr_skipped += (uint32_t)part;
	return part;
}

static void start_over(struct frame_reader *reader)
{
	buffer_consume(&reader->data, buffer_length(&reader->data));
	reader->nr_header = 0;
	reader->nr_skipped = 0;
	reader->taken = false;
}

ssize_t frame_read(struct frame_reader *reader, const uint8_t *bytes, size_t size,
		   struct frame *ret_frame, bool *ret_whole)
{
	uint32_t length, have;
	ssize_t part;
	size_t used;

	if (reader->taken)
		start_over(reader);
	*ret_whole = false;
	used = read_header(reader, bytes, size);
	if (reader->nr_header < FRAME_HEADER)
		return (ssize_t)used;
	length = get_u32(reader->header);
	if (length > TTRPC_MAX_DATA) {
		part = (ssize_t)skip_data(reader, size - used, length);
		have = reader->nr_skipped;
	} else {
		part = read_data(reader, bytes + used, size - used, length);
		if (part < 0)
			return part;
		have = (uint32_t)buffer_length(&reader->data);
	}
	if (have == length) {
		*ret_frame = (struct frame){
			.stream = get_u32(reader->header + 4),
			.type = reader->header[8],
			.flags = reader->header[9],
			.length = length,
			.data = length > TTRPC_MAX_DATA ? NULL : buffer_data(&reader->data),
		};
		reader->taken = true;
		*ret_whole = true;
	}
	return (ssize_t)used + part;
}

void frame_reader_done(struct frame_reader *reader)
{
	start_over(reader);
	buffer_done(&reader->data);
}

uint8_t *frame_append(struct buffer *out, uint32_t stream, enum frame_type type, uint32_t length)
{
	uint8_t *header = buffer_reserve(out, FRAME_HEADER + (size_t)length);

	if (!header)
		return NULL;
	put_u32(header, length);
	put_u32(header + 4, stream);
	header[8] = (uint8_t)type;
	header[9] = 0;
	buffer_commit(out, FRAME_HEADER + (size_t)length);
	return header + FRAME_HEADER;
}
