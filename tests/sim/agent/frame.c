// SPDX-License-Identifier: GPL-2.0-or-later
#include "frame.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t frame_size(const struct frame_reader *reader)
{
	return sizeof(reader->frame.header) + reader->frame.header.size;
}

/* Takes what is missing up to @end bytes of the frame. */
static size_t fill(struct frame_reader *reader, size_t end,
		   const uint8_t *data, size_t size)
{
	size_t used = min_size(end - reader->have, size);

	memcpy((uint8_t *)&reader->frame + reader->have, data, used);
	reader->have += used;
	return used;
}

int frame_reader_feed(struct frame_reader *reader, const uint8_t *data,
		      size_t size, size_t *ret_used)
{
	const size_t header = sizeof(reader->frame.header);
	size_t used = 0;

	if (reader->have >= header && reader->have == frame_size(reader))
		reader->have = 0;
	if (reader->have < header)
		used = fill(reader, header, data, size);
	if (reader->have < header) {
		*ret_used = used;
		return 0;
	}
	if (reader->frame.header.size > FRAME_MAX_PAYLOAD)
		return -EPROTO;
	used += fill(reader, frame_size(reader), data + used, size - used);
	*ret_used = used;
	return reader->have == frame_size(reader);
}

static int wait_writable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, -1) < 0 && errno != EINTR ? -errno : 0;
}

static int write_all(int fd, const void *data, size_t size)
{
	const uint8_t *next = data;
	ssize_t n;
	int r;

	while (size) {
		n = write(fd, next, size);
		if (n >= 0) {
			next += n;
			size -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		r = wait_writable(fd);
		if (r < 0)
			return r;
	}
	return 0;
}

int frame_write(int fd, uint32_t job, uint32_t type, const void *payload,
		size_t size)
{
	struct frame_header header = {
		.size = (uint32_t)size,
		.type = type,
		.job = job,
	};
	int r;

	if (size > FRAME_MAX_PAYLOAD)
		return -EMSGSIZE;
	r = write_all(fd, &header, sizeof(header));
	return r < 0 ? r : write_all(fd, payload, size);
}

uint32_t frame_word(const struct frame *frame, size_t offset)
{
	uint32_t word = 0;

	if (frame->header.size >= offset + sizeof(word))
		memcpy(&word, frame->payload + offset, sizeof(word));
	return word;
}
