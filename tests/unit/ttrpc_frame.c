// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames of ttrpc, the buffer below them, and what stands beside: codes, UTF-8. */
#include "ttrpc_raw.h"

#include "ttrpc/buffer.h"
#include "ttrpc/frame.h"
#include "ttrpc/utf8.h"

#define TOO_LONG	(TTRPC_MAX_DATA + 1)

static const uint32_t lengths[] = { 0, 5, TTRPC_MAX_DATA, TOO_LONG, TOO_LONG + 3, 1, 0 };
#define NR_FRAMES	(sizeof(lengths) / sizeof(lengths[0]))

static uint8_t *stream_of_frames(size_t *ret_size)
{
	size_t size = 0, at = 0;
	uint8_t *bytes;

	for (size_t i = 0; i < NR_FRAMES; i++)
		size += RAW_HEADER + lengths[i];
	bytes = malloc(size);
	assert_non_null(bytes);
	for (size_t i = 0; i < NR_FRAMES; i++) {
		at += raw_header(bytes + at, lengths[i], (uint32_t)(2 * i + 1), 1, (uint8_t)i);
		memset(bytes + at, (int)('a' + i), lengths[i]);
		at += lengths[i];
	}
	*ret_size = size;
	return bytes;
}

static void check_frame(const struct frame *frame, size_t number)
{
	assert_int_equal(frame->stream, 2 * number + 1);
	assert_int_equal(frame->type, 1);
	assert_int_equal(frame->flags, number);
	assert_int_equal(frame->length, lengths[number]);
	if (frame->length > TTRPC_MAX_DATA) {
		assert_null(frame->data);
		return;
	}
	assert_non_null(frame->data);
	for (size_t i = 0; i < frame->length; i += 4099)
		assert_int_equal(frame->data[i], 'a' + number);
}

/* Any cut of the stream gives the same frames. */
static void read_in_parts(size_t part)
{
	struct frame_reader reader = { 0 };
	size_t size, at = 0, number = 0;
	uint8_t *bytes = stream_of_frames(&size);

	while (at < size) {
		size_t given = size - at < part ? size - at : part, used = 0;

		while (used < given) {
			/* Of exactly that size, for the sanitizer to see what is beyond. */
			uint8_t *copy = malloc(given - used);
			struct frame frame;
			ssize_t taken;
			bool whole;

			assert_non_null(copy);
			memcpy(copy, bytes + at + used, given - used);
			taken = frame_read(&reader, copy, given - used, &frame, &whole);
			free(copy);
			assert_true(taken > 0 && (size_t)taken <= given - used);
			assert_true(whole || (size_t)taken == given - used);
			if (whole)
				check_frame(&frame, number++);
			used += (size_t)taken;
		}
		at += given;
	}
	assert_int_equal(number, NR_FRAMES);
	frame_reader_done(&reader);
	free(bytes);
}

static void frames_are_read_however_cut(void **state)
{
	(void)state;
	read_in_parts(7919);
	read_in_parts(65536);
	read_in_parts(SIZE_MAX);
}

static void headers_are_read_byte_by_byte(void **state)
{
	struct frame_reader reader = { 0 };
	uint8_t bytes[RAW_HEADER + 3];
	struct frame frame;
	bool whole = false;

	(void)state;
	raw_header(bytes, 3, 77, 2, 4);
	memcpy(bytes + RAW_HEADER, "xyz", 3);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_false(whole);
		assert_int_equal(frame_read(&reader, bytes + i, 1, &frame, &whole), 1);
	}
	assert_true(whole);
	assert_int_equal(frame.stream, 77);
	assert_memory_equal(frame.data, "xyz", 3);
	frame_reader_done(&reader);
}

/* A peer that announces 4 MiB and sends 1 byte has cost no 4 MiB. */
static void memory_is_for_what_came(void **state)
{
	struct frame_reader reader = { 0 };
	uint8_t bytes[RAW_HEADER + 1] = { 0 };
	struct frame frame;
	bool whole;

	(void)state;
	raw_header(bytes, TTRPC_MAX_DATA, 1, 1, 0);
	assert_int_equal(frame_read(&reader, bytes, sizeof(bytes), &frame, &whole), sizeof(bytes));
	assert_false(whole);
	assert_true(reader.data.size <= 65536);
	frame_reader_done(&reader);
}

static void large_frames_leave_no_memory(void **state)
{
	struct frame_reader reader = { 0 };
	size_t size = RAW_HEADER + (1 << 20);
	uint8_t *bytes = calloc(1, size + RAW_HEADER);
	struct frame frame;
	bool whole;

	(void)state;
	assert_non_null(bytes);
	raw_header(bytes, 1 << 20, 1, 1, 0);
	raw_header(bytes + size, 0, 3, 1, 0);
	assert_int_equal(frame_read(&reader, bytes, size, &frame, &whole), size);
	assert_true(whole);
	assert_int_equal(frame_read(&reader, bytes + size, RAW_HEADER, &frame, &whole), RAW_HEADER);
	assert_true(whole);
	assert_true(reader.data.size <= 65536);
	frame_reader_done(&reader);
	free(bytes);
}

static void appended_frames_are_read(void **state)
{
	struct frame_reader reader = { 0 };
	struct buffer out = { 0 };
	struct frame frame;
	uint8_t *data;
	bool whole;

	(void)state;
	data = frame_append(&out, 0xfffffffd, FRAME_RESPONSE, 4);
	assert_non_null(data);
	memcpy(data, "data", 4);
	assert_int_equal(buffer_length(&out), RAW_HEADER + 4);
	assert_int_equal(frame_read(&reader, buffer_data(&out), buffer_length(&out), &frame, &whole),
			 RAW_HEADER + 4);
	assert_true(whole);
	assert_int_equal(frame.stream, 0xfffffffd);
	assert_int_equal(frame.type, FRAME_RESPONSE);
	assert_int_equal(frame.flags, 0);
	assert_memory_equal(frame.data, "data", 4);
	frame_reader_done(&reader);
	buffer_done(&out);
}

/* What is added comes out, in order, and consumed room is used again. */
static void buffers_keep_order(void **state)
{
	struct buffer buffer = { 0 };
	uint8_t in = 0, out = 0;

	(void)state;
	srand(1);
	for (int round = 0; round < 20000; round++) {
		size_t add = (size_t)rand() % 300, take;
		uint8_t bytes[300];

		for (size_t i = 0; i < add; i++)
			bytes[i] = in++;
		assert_int_equal(buffer_append(&buffer, bytes, add), 0);
		take = (size_t)rand() % 301;
		if (take > buffer_length(&buffer))
			take = buffer_length(&buffer);
		for (size_t i = 0; i < take; i++)
			assert_int_equal(buffer_data(&buffer)[i], out++);
		buffer_consume(&buffer, take);
	}
	assert_true(buffer.size <= 4 * (buffer_length(&buffer) + 4096));
	assert_null(buffer_reserve(&buffer, SIZE_MAX / 2));
	buffer_done(&buffer);
	assert_int_equal(buffer_length(&buffer), 0);
}

/* containerd acts on these. */
static void errors_have_codes(void **state)
{
	static const struct {
		int error;
		enum ttrpc_code code;
	} known[] = {
		{ 0, TTRPC_OK },
		{ ENOENT, TTRPC_NOT_FOUND },
		{ ESRCH, TTRPC_NOT_FOUND },
		{ EEXIST, TTRPC_ALREADY_EXISTS },
		{ EBUSY, TTRPC_FAILED_PRECONDITION },
		{ ENOSYS, TTRPC_UNIMPLEMENTED },
		{ EOPNOTSUPP, TTRPC_UNIMPLEMENTED },
		{ EINVAL, TTRPC_INVALID_ARGUMENT },
		{ ETIMEDOUT, TTRPC_DEADLINE_EXCEEDED },
		{ ENOMEM, TTRPC_RESOURCE_EXHAUSTED },
		{ EPIPE, TTRPC_UNAVAILABLE },
		{ EL3RST, TTRPC_UNKNOWN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		assert_int_equal(ttrpc_code_from_errno(known[i].error), known[i].code);
		assert_int_equal(ttrpc_code_from_errno(-known[i].error), known[i].code);
	}
	/* Each code but UNKNOWN survives the way through an errno. */
	for (int code = TTRPC_OK; code <= TTRPC_UNAUTHENTICATED; code++) {
		if (code != TTRPC_UNKNOWN)
			assert_int_equal(ttrpc_code_from_errno(ttrpc_code_to_errno(code)), code);
		assert_true(strlen(ttrpc_code_name(code)) > 1);
	}
	assert_int_equal(ttrpc_code_to_errno(TTRPC_UNKNOWN), -EIO);
	assert_int_equal(ttrpc_code_to_errno(99), -EIO);
	assert_string_equal(ttrpc_code_name(-1), "unknown");
	assert_string_equal(ttrpc_code_name(17), "unknown");
}

static void messages_become_utf8(void **state)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa7" },
		{ "a\xff" "b", "a?b" },
		{ "cut \xe2\x82", "cut ??" },
		{ "cut \xc3", "cut ?" },
		{ "\x80\xbf", "??" },
		{ "\xc0\xaf", "??" },		/* longer than needed */
		{ "\xe0\x80\x80", "???" },
		{ "\xed\xa0\x80", "???" },	/* surrogate */
		{ "\xf4\x90\x80\x80", "????" },	/* above U+10FFFF */
		{ "\xf5\x80", "??" },
		{ "\xe2\x28\xa1", "?(?" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *text = strdup(pairs[i][0]);

		assert_non_null(text);
		utf8_repair(text);
		assert_string_equal(text, pairs[i][1]);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_read_however_cut),
		cmocka_unit_test(headers_are_read_byte_by_byte),
		cmocka_unit_test(memory_is_for_what_came),
		cmocka_unit_test(large_frames_leave_no_memory),
		cmocka_unit_test(appended_frames_are_read),
		cmocka_unit_test(buffers_keep_order),
		cmocka_unit_test(errors_have_codes),
		cmocka_unit_test(messages_become_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
