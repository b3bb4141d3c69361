// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of the simulated server's agent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"

#define HEADER	sizeof(struct frame_header)

static struct frame_reader reader;

static int setup(void **state)
{
	(void)state;
	memset(&reader, 0, sizeof(reader));
	return 0;
}

static size_t make(uint8_t *buffer, uint32_t type, const char *payload)
{
	struct frame_header header = {
		.size = (uint32_t)strlen(payload),
		.type = type,
		.job = 7,
	};

	memcpy(buffer, &header, HEADER);
	memcpy(buffer + HEADER, payload, header.size);
	return HEADER + header.size;
}

static void assert_frame(uint32_t type, const char *payload)
{
	assert_int_equal(reader.frame.header.type, type);
	assert_int_equal(reader.frame.header.job, 7);
	assert_int_equal(reader.frame.header.size, strlen(payload));
	assert_memory_equal(reader.frame.payload, payload, strlen(payload));
}

static void takes_a_frame_at_once(void **state)
{
	uint8_t buffer[64];
	size_t used, size = make(buffer, FRAME_RUN, "hello");

	(void)state;
	assert_int_equal(frame_reader_feed(&reader, buffer, size, &used), 1);
	assert_int_equal(used, size);
	assert_frame(FRAME_RUN, "hello");
}

static void takes_single_bytes(void **state)
{
	uint8_t buffer[64];
	size_t used, size = make(buffer, FRAME_STDIN, "hello");

	(void)state;
	for (size_t i = 0; i < size; i++) {
		assert_int_equal(frame_reader_feed(&reader, buffer + i, 1, &used),
				 i == size - 1);
		assert_int_equal(used, 1);
	}
	assert_frame(FRAME_STDIN, "hello");
}

static void stops_after_each_frame(void **state)
{
	uint8_t buffer[128];
	size_t used, first = make(buffer, FRAME_RUN, "one");
	size_t both = first + make(buffer + first, FRAME_STDIN, "two");

	(void)state;
	assert_int_equal(frame_reader_feed(&reader, buffer, both, &used), 1);
	assert_int_equal(used, first);
	assert_frame(FRAME_RUN, "one");
	assert_int_equal(frame_reader_feed(&reader, buffer + used, both - used,
					   &used), 1);
	assert_int_equal(used, both - first);
	assert_frame(FRAME_STDIN, "two");
}

static void an_empty_payload_is_complete(void **state)
{
	uint8_t buffer[64];
	size_t used, size = make(buffer, FRAME_STDIN, "");

	(void)state;
	assert_int_equal(frame_reader_feed(&reader, buffer, size, &used), 1);
	assert_int_equal(used, HEADER);
	assert_int_equal(reader.frame.header.size, 0);
}

static void refuses_a_long_payload(void **state)
{
	struct frame_header header = { .size = FRAME_MAX_PAYLOAD + 1 };
	size_t used;

	(void)state;
	assert_int_equal(frame_reader_feed(&reader, (uint8_t *)&header, HEADER,
					   &used), -EPROTO);
}

static void refuses_to_write_a_long_payload(void **state)
{
	(void)state;
	assert_int_equal(frame_write(-1, 1, FRAME_STDOUT, NULL,
				     FRAME_MAX_PAYLOAD + 1), -EMSGSIZE);
}

static void reads_what_it_writes(void **state)
{
	uint8_t buffer[64];
	size_t used;
	ssize_t size;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(frame_write(fds[1], 7, FRAME_STDERR, "text", 4), 0);
	size = read(fds[0], buffer, sizeof(buffer));
	assert_int_equal(size, HEADER + 4);
	assert_int_equal(frame_reader_feed(&reader, buffer, (size_t)size, &used), 1);
	assert_frame(FRAME_STDERR, "text");
	close(fds[0]);
	close(fds[1]);
}

static void a_word_beyond_the_payload_is_zero(void **state)
{
	struct frame *frame = &reader.frame;

	(void)state;
	memset(frame->payload, 0xff, 8);
	frame->header.size = 4;
	assert_int_equal(frame_word(frame, 0), UINT32_MAX);
	assert_int_equal(frame_word(frame, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_a_frame_at_once, setup),
		cmocka_unit_test_setup(takes_single_bytes, setup),
		cmocka_unit_test_setup(stops_after_each_frame, setup),
		cmocka_unit_test_setup(an_empty_payload_is_complete, setup),
		cmocka_unit_test_setup(refuses_a_long_payload, setup),
		cmocka_unit_test_setup(refuses_to_write_a_long_payload, setup),
		cmocka_unit_test_setup(reads_what_it_writes, setup),
		cmocka_unit_test_setup(a_word_beyond_the_payload_is_zero, setup),
	};

	return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
