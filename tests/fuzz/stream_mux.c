// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes from the other end of the streams, to a side with streams 1 to
 * 4 open that sends and takes as the first byte says. What it says in return must be
 * understood by another one of its kind.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "stream/stream.h"

#define NR_STREAMS	4
#define WINDOW		1000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct side {
	struct stream_mux *mux;
	struct stream *streams[NR_STREAMS];
	uint8_t way;
	size_t taken;
	unsigned int ends[NR_STREAMS][2];
};

static struct side *side_of(const struct stream *stream)
{
	return stream_context(stream);
}

static size_t on_received(struct stream *stream, const void *data, size_t size)
{
	struct side *side = side_of(stream);
	size_t part = side->way & 1 ? size : size / 2;
	volatile uint8_t sum = 0;

	/* Each byte is looked at, for the sanitizer. */
	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + ((const uint8_t *)data)[i]);
	if (!size || size > STREAM_PAYLOAD_MAX)
		abort();
	side->taken += part;
	return part;
}

static void on_ended(struct stream *stream, int error)
{
	if (side_of(stream)->ends[stream_number(stream) - 1][error != 0]++)
		abort();
}

static void on_writable(struct stream *stream)
{
	if (side_of(stream)->way & 2)
		stream_send(stream, "more", 4);
}

static void on_output(void *context)
{
	(void)context;
}

static const struct stream_handlers handlers = { on_received, on_ended, on_writable };
static const struct stream_mux_handlers mux_handlers = { on_output };

static void side_open(struct side *side, uint8_t way)
{
	*side = (struct side){ .way = way };
	if (stream_mux_new(&mux_handlers, side, &side->mux))
		abort();
	for (uint32_t i = 0; i < NR_STREAMS; i++)
		if (stream_open(side->mux, i + 1, WINDOW, &handlers, side, &side->streams[i]))
			abort();
}

/* Moves what @from says; whether @to understood. */
static bool pump(struct side *from, struct side *to)
{
	const void *data;
	size_t size;

	while ((size = stream_mux_output(from->mux, &data))) {
		if (to && stream_mux_input(to->mux, data, size))
			return false;
		stream_mux_sent(from->mux, size);
	}
	return true;
}

static void use(struct side *side)
{
	const void *kept;

	for (size_t i = 0; i < NR_STREAMS; i++) {
		size_t size;

		if (!side->streams[i])
			continue;
		size = stream_peek(side->streams[i], &kept);
		if (size > WINDOW)
			abort();
		stream_consume(side->streams[i], size / 3);
		stream_send(side->streams[i], "data of this side", 17);
	}
	if (side->way & 4)
		stream_finish(side->streams[1]);
	if (side->way & 8) {
		stream_close(side->streams[3], 0);
		side->streams[3] = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct side one, other;

	if (size < 2)
		return -1;
	side_open(&one, data[0]);
	side_open(&other, 1);
	if (!stream_mux_input(one.mux, data + 2, (size - 2) * data[1] / 256)) {
		use(&one);
		stream_mux_input(one.mux, data + 2 + (size - 2) * data[1] / 256,
				 size - 2 - (size - 2) * data[1] / 256);
	}
	/* It may have been told anything of windows that the other has not. */
	pump(&one, NULL);
	stream_mux_free(one.mux, 5);
	/* Two of a kind: whatever they do with their streams, they understand. */
	side_open(&one, data[0]);
	for (size_t i = 0; i < 20; i++) {
		if (!pump(&one, &other) || !pump(&other, &one))
			abort();
		use(&one);
		if (data[i % size] & 1)
			use(&other);
	}
	stream_mux_free(one.mux, 5);
	stream_mux_free(other.mux, 5);
	return 0;
}
