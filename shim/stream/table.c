// SPDX-License-Identifier: GPL-2.0-or-later
/* The streams of a mux: by number, and those that have something to do. */
#include <errno.h>
#include <stdlib.h>

#include "mux.h"

static struct stream **bucket_of(struct stream_mux *mux, uint32_t number)
{
	return &mux->buckets[number % STREAM_BUCKETS];
}

struct stream *mux_find(struct stream_mux *mux, uint32_t number)
{
	struct stream *stream = *bucket_of(mux, number);

	while (stream && stream->number != number)
		stream = stream->next_in_bucket;
	return stream;
}

int mux_add(struct stream_mux *mux, uint32_t number, struct stream **ret_stream)
{
	struct stream **bucket = bucket_of(mux, number);
	struct stream *stream;

	if (mux->count == STREAM_MAX)
		return -EMFILE;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->mux = mux;
	stream->number = number;
	stream->next_in_bucket = *bucket;
	*bucket = stream;
	mux->count++;
	*ret_stream = stream;
	return 0;
}

/* The stream must not be due. */
void mux_remove(struct stream *stream)
{
	struct stream **link = bucket_of(stream->mux, stream->number);

	while (*link != stream)
		link = &(*link)->next_in_bucket;
	*link = stream->next_in_bucket;
	stream->mux->count--;
	stream_drop_kept(stream);
	free(stream);
}

void mux_make_due(struct stream *stream)
{
	struct stream_mux *mux = stream->mux;
	bool first = !mux->due_first;

	if (stream->due)
		return;
	stream->due = true;
	stream->next_due = NULL;
	*mux->due_last = stream;
	mux->due_last = &stream->next_due;
	if (first)
		mux->handlers.output(mux->context);
}

struct stream *mux_take_due(struct stream_mux *mux)
{
	struct stream *stream = mux->due_first;

	if (!stream)
		return NULL;
	mux->due_first = stream->next_due;
	if (!mux->due_first)
		mux->due_last = &mux->due_first;
	stream->due = false;
	return stream;
}
