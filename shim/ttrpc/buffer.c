// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_FIRST	4096
/* An empty buffer keeps no more than that. */
#define SIZE_KEPT	16384

uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes)
{
	size_t length = buffer_length(buffer), size = buffer->size ? buffer->size : SIZE_FIRST;
	uint8_t *memory;

	if (bytes > SIZE_MAX / 8 - size)
		return NULL;
	if (buffer->memory && buffer->size - buffer->end >= bytes)
		return buffer->memory + buffer->end;
	/* Moves no more than was consumed before. */
	if (buffer->begin >= length && size - length >= bytes && buffer->memory) {
		memcpy(buffer->memory, buffer_data(buffer), length);
		buffer->begin = 0;
		buffer->end = length;
		return buffer->memory + length;
	}
	while (size - buffer->end < bytes)
		size *= 2;
	memory = realloc(buffer->memory, size);
	if (!memory)
		return NULL;
	buffer->memory = memory;
	buffer->size = size;
	return memory + buffer->end;
}

void buffer_commit(struct buffer *buffer, size_t bytes)
{
	buffer->end += bytes;
}

int buffer_append(struct buffer *buffer, const void *data, size_t bytes)
{
	uint8_t *room = buffer_reserve(buffer, bytes);

	if (!room)
		return -ENOMEM;
	if (bytes)
		memcpy(room, data, bytes);
	buffer_commit(buffer, bytes);
	return 0;
}

void buffer_consume(struct buffer *buffer, size_t bytes)
{
	buffer->begin += bytes;
	if (buffer->begin < buffer->end)
		return;
	buffer->begin = 0;
	buffer->end = 0;
	if (buffer->size > SIZE_KEPT)
		buffer_done(buffer);
}

void buffer_done(struct buffer *buffer)
{
	free(buffer->memory);
	*buffer = (struct buffer){ 0 };
}
