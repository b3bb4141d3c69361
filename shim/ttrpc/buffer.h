/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that are added at the end and taken from the start. Zeroed: empty. */
#ifndef SHIM_TTRPC_BUFFER_H
#define SHIM_TTRPC_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *memory;
	size_t size;	/* of the memory */
	size_t begin;
	size_t end;
};

static inline size_t buffer_length(const struct buffer *buffer)
{
	return buffer->end - buffer->begin;
}

static inline const uint8_t *buffer_data(const struct buffer *buffer)
{
	return buffer->memory + buffer->begin;
}

/*
 * Room for @bytes more after the end, good until the next call for this buffer;
 * buffer_commit() makes them part of it. NULL: no memory.
 */
uint8_t *buffer_reserve(struct buffer *buffer, size_t bytes);
void buffer_commit(struct buffer *buffer, size_t bytes);

/* 0 or -ENOMEM. */
int buffer_append(struct buffer *buffer, const void *data, size_t bytes);

/* An empty buffer gives back what a large message has taken. */
void buffer_consume(struct buffer *buffer, size_t bytes);

/* Empties it. */
void buffer_done(struct buffer *buffer);

#endif
