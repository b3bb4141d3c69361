// SPDX-License-Identifier: GPL-2.0-or-later
/* Data that a stream's owner did not take yet; never more than the window. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mux.h"

static void move_to_front(struct stream *stream)
{
	if (stream->kept_start)
		memmove(stream->kept, stream->kept + stream->kept_start,
			stream->kept_size);
	stream->kept_start = 0;
}

static int make_room(struct stream *stream, size_t size)
{
	size_t capacity = stream->kept_capacity ? stream->kept_capacity : 4096;
	uint8_t *kept;

	while (capacity < stream->kept_size + size)
		capacity *= 2;
	if (capacity == stream->kept_capacity)
		return 0;
	kept = realloc(stream->kept, capacity);
	if (!kept)
		return -ENOMEM;
	stream->kept = kept;
	stream->kept_capacity = capacity;
	return 0;
}

int stream_keep(struct stream *stream, const void *data, size_t size)
{
	int r;

	if (stream->kept_start + stream->kept_size + size >
	    stream->kept_capacity) {
		move_to_front(stream);
		r = make_room(stream, size);
		if (r < 0)
			return r;
	}
	memcpy(stream->kept + stream->kept_start + stream->kept_size, data,
	       size);
	stream->kept_size += size;
	return 0;
}

void stream_drop_kept(struct stream *stream)
{
	free(stream->kept);
	stream->kept = NULL;
	stream->kept_start = stream->kept_size = stream->kept_capacity = 0;
}

size_t stream_peek(const struct stream *stream, const void **ret_data)
{
	*ret_data = stream->kept ? stream->kept + stream->kept_start : NULL;
	return stream->kept_size;
}
