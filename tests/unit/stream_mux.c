// SPDX-License-Identifier: GPL-2.0-or-later
/* stream/: two muxes that talk to each other, and one that meets a hostile peer. */
#include <endian.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/stream.h"

struct end {
	struct stream_mux *mux;
	struct stream *stream;
	size_t take_max; /* bytes that "received" takes at once */
	size_t received, sum;
	int ended, error, writable;
	bool close_at_data;
};

struct pair {
	struct end a, b;
	size_t cut; /* bytes carried at once */
};

static size_t on_received(struct stream *stream, const void *data, size_t size)
{
	struct end *end = stream_context(stream);
	const uint8_t *bytes = data;
	size_t taken = size < end->take_max ? size : end->take_max;

	if (end->close_at_data) {
		stream_close(stream, EPIPE);
		end->stream = NULL;
		return 0;
	}
	for (size_t i = 0; i < taken; i++)
		end->sum += bytes[i] * (++end->received % 251);
	return taken;
}

static void on_ended(struct stream *stream, int error)
{
	struct end *end = stream_context(stream);

	end->ended++;
	end->error = error;
}

static void on_writable(struct stream *stream)
{
	struct end *end = stream_context(stream);

	end->writable++;
}

static const struct stream_handlers handlers = {
	.received = on_received,
	.ended = on_ended,
	.writable = on_writable,
};

static void on_output(void *context)
{
	(void)context;
}

static const struct stream_mux_handlers mux_handlers = { .output = on_output };

/* Returns false when there was nothing to carry. */
static bool carry(struct end *from, struct end *to, size_t cut, int *ret_error)
{
	const void *data;
	size_t size = stream_mux_output(from->mux, &data);

	if (!size)
		return false;
	if (cut && size > cut)
		size = cut;
	*ret_error = stream_mux_input(to->mux, data, size);
	stream_mux_sent(from->mux, size);
	return true;
}

static void settle(struct pair *pair)
{
	int r = 0;
	bool busy = true;

	while (busy) {
		busy = carry(&pair->a, &pair->b, pair->cut, &r);
		assert_int_equal(r, 0);
		busy |= carry(&pair->b, &pair->a, pair->cut, &r);
		assert_int_equal(r, 0);
	}
}

static int set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));

	assert_int_equal(stream_mux_new(&mux_handlers, NULL, &pair->a.mux), 0);
	assert_int_equal(stream_mux_new(&mux_handlers, NULL, &pair->b.mux), 0);
	pair->a.take_max = pair->b.take_max = SIZE_MAX;
	*state = pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	stream_mux_free(pair->a.mux, ECONNRESET);
	stream_mux_free(pair->b.mux, ECONNRESET);
	free(pair);
	return 0;
}

static void open_end(struct end *end, uint32_t number, uint32_t window)
{
	assert_int_equal(stream_open(end->mux, number, window, &handlers, end,
				     &end->stream),
			 0);
}

static void data_arrives_whole_however_it_is_cut(void **state)
{
	struct pair *pair = *state;
	uint8_t data[5000];
	size_t sum = 0, sent = 0;

	pair->cut = 7;
	open_end(&pair->a, 9, 0);
	open_end(&pair->b, 9, 1000);
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = rand();
		sum += data[i] * ((i + 1) % 251);
	}
	while (sent < sizeof(data)) {
		sent += stream_send(pair->a.stream, data + sent,
				    sizeof(data) - sent);
		settle(pair);
	}
	stream_finish(pair->a.stream);
	settle(pair);
	assert_int_equal(pair->b.received, sizeof(data));
	assert_int_equal(pair->b.sum, sum);
	assert_int_equal(pair->b.ended, 1);
	assert_int_equal(pair->b.error, 0);
}

/* Far more than the output buffer holds, and it is never empty. */
static void data_put_in_place_arrives_whole(void **state)
{
	struct pair *pair = *state;
	size_t sum = 0, sent = 0, room;
	uint8_t *place;
	int r = 0;

	open_end(&pair->a, 9, 0);
	open_end(&pair->b, 9, STREAM_WINDOW);
	settle(pair);
	srand(2);
	while (sent < 5000000) {
		room = stream_reserve(pair->a.stream, (void **)&place);
		if (room > (size_t)rand() % 60000)
			room = rand() % room;
		for (size_t i = 0; i < room; i++) {
			place[i] = rand();
			sum += place[i] * (++sent % 251);
		}
		stream_commit(pair->a.stream, room);
		carry(&pair->a, &pair->b, 1 + rand() % 40000, &r);
		assert_int_equal(r, 0);
		carry(&pair->b, &pair->a, 0, &r);
	}
	settle(pair);
	assert_int_equal(pair->b.received, sent);
	assert_int_equal(pair->b.sum, sum);
}

static void what_is_not_committed_is_not_sent(void **state)
{
	struct pair *pair = *state;
	void *place;

	open_end(&pair->a, 1, 0);
	open_end(&pair->b, 1, 10);
	settle(pair);
	assert_int_equal(stream_reserve(pair->a.stream, &place), 10);
	memset(place, 'x', 10);
	stream_commit(pair->a.stream, 0);
	settle(pair);
	assert_int_equal(pair->b.received, 0);
	assert_int_equal(stream_reserve(pair->a.stream, &place), 10);
	stream_commit(pair->a.stream, 4);
	settle(pair);
	assert_int_equal(pair->b.received, 4);
	stream_finish(pair->a.stream);
	assert_int_equal(stream_reserve(pair->a.stream, &place),
			 STREAM_PAYLOAD_MAX);
	stream_commit(pair->a.stream, 4);
	settle(pair);
	assert_int_equal(pair->b.received, 4);
	assert_int_equal(pair->b.ended, 1);
}

/* One that had nothing to do meanwhile is told, too. */
static void room_is_told_after_another_stream_filled_the_output(void **state)
{
	struct pair *pair = *state;
	static uint8_t data[1 << 20];
	static struct end other_a, other_b;
	void *place;

	other_a = (struct end){ .mux = pair->a.mux };
	other_b = (struct end){ .mux = pair->b.mux, .take_max = SIZE_MAX };
	open_end(&other_a, 1, 0);
	open_end(&other_b, 1, sizeof(data));
	open_end(&pair->a, 2, 0);
	open_end(&pair->b, 2, 4096);
	settle(pair);
	assert_in_range(stream_send(other_a.stream, data, sizeof(data)), 1,
			sizeof(data) - 1);
	assert_int_equal(stream_reserve(pair->a.stream, &place), 0);
	settle(pair);
	assert_int_equal(pair->a.writable, 1);
	assert_int_equal(stream_reserve(pair->a.stream, &place), 4096);
}

static void nothing_is_sent_before_the_peer_opens(void **state)
{
	struct pair *pair = *state;

	open_end(&pair->a, 1, 0);
	settle(pair);
	assert_int_equal(stream_send(pair->a.stream, "x", 1), 0);
	open_end(&pair->b, 1, 10);
	settle(pair);
	assert_int_equal(pair->a.writable, 1);
	assert_int_equal(stream_send(pair->a.stream, "12345678901", 11), 10);
}

static void a_slow_reader_stops_its_own_stream_only(void **state)
{
	struct pair *pair = *state;
	static uint8_t data[STREAM_PAYLOAD_MAX];
	/* They are told of the connection's end after this function's. */
	static struct end slow_a, slow_b;
	const void *kept;

	slow_a.mux = pair->a.mux;
	slow_b.mux = pair->b.mux;
	open_end(&slow_a, 1, 0);
	open_end(&slow_b, 1, 4096);
	open_end(&pair->a, 2, 0);
	open_end(&pair->b, 2, 4096);
	settle(pair);
	assert_int_equal(stream_send(slow_a.stream, data, sizeof(data)), 4096);
	settle(pair);
	assert_int_equal(stream_send(slow_a.stream, data, 1), 0);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(stream_send(pair->a.stream, data, 4096), 4096);
		settle(pair);
	}
	assert_int_equal(pair->b.received, 409600);

	assert_int_equal(stream_peek(slow_b.stream, &kept), 4096);
	stream_consume(slow_b.stream, 4096);
	settle(pair);
	assert_int_equal(slow_a.writable, 1);
	assert_int_equal(stream_send(slow_a.stream, data, sizeof(data)), 4096);
}

static void kept_data_comes_before_the_end(void **state)
{
	struct pair *pair = *state;
	const void *kept;

	pair->b.take_max = 2;
	open_end(&pair->a, 1, 0);
	open_end(&pair->b, 1, 4096);
	settle(pair);
	stream_send(pair->a.stream, "abcdef", 6);
	stream_finish(pair->a.stream);
	settle(pair);
	assert_int_equal(pair->b.ended, 0);
	assert_int_equal(stream_peek(pair->b.stream, &kept), 4);
	assert_memory_equal(kept, "cdef", 4);
	stream_consume(pair->b.stream, 4);
	settle(pair);
	assert_int_equal(pair->b.ended, 1);
}

static void close_resets_and_the_sender_learns_why(void **state)
{
	struct pair *pair = *state;
	static uint8_t data[100000];

	open_end(&pair->a, 1, 0);
	open_end(&pair->b, 1, STREAM_WINDOW);
	settle(pair);
	pair->b.close_at_data = true;
	stream_send(pair->a.stream, data, sizeof(data));
	stream_send(pair->a.stream, data, sizeof(data));
	settle(pair);
	assert_int_equal(pair->a.ended, 1);
	assert_int_equal(pair->a.error, EPIPE);
	/* Taken and thrown away. */
	assert_int_equal(stream_send(pair->a.stream, data, 10), 10);
	settle(pair);
	assert_int_equal(pair->b.received, 0);
}

/* A sender with little to say may be gone before the receiver has come. */
static void an_end_is_not_undone_by_the_close(void **state)
{
	struct pair *pair = *state;

	open_end(&pair->a, 1, 0);
	stream_finish(pair->a.stream);
	stream_close(pair->a.stream, 0);
	settle(pair);
	open_end(&pair->b, 1, 100);
	settle(pair);
	assert_int_equal(pair->b.ended, 1);
	assert_int_equal(pair->b.error, 0);
}

/* More streams than may be open at once: those that are over must be gone. */
static void a_stream_that_is_over_is_gone(void **state)
{
	struct pair *pair = *state;

	for (uint32_t i = 1; i <= 3 * STREAM_MAX; i++) {
		pair->b.ended = 0;
		open_end(&pair->a, i, 0);
		open_end(&pair->b, i, 100);
		stream_finish(pair->b.stream);
		settle(pair);
		stream_send(pair->a.stream, "hello", 5);
		if (i % 3 == 1)
			settle(pair);
		if (i % 3 != 2)
			stream_finish(pair->a.stream);
		stream_close(pair->a.stream, 0);
		settle(pair);
		assert_int_equal(pair->b.ended, 1);
		assert_int_equal(pair->b.error, i % 3 == 2 ? ECANCELED : 0);
		stream_close(pair->b.stream, 0);
		settle(pair);
	}
}

static void both_may_close_at_once(void **state)
{
	struct pair *pair = *state;

	for (uint32_t i = 1; i <= 2 * STREAM_MAX; i++) {
		open_end(&pair->a, i, 100);
		open_end(&pair->b, i, 100);
		settle(pair);
		if (i % 2)
			stream_finish(pair->a.stream);
		stream_close(pair->b.stream, EIO);
		stream_close(pair->a.stream, EIO);
		settle(pair);
	}
}

/* The agent may refuse the call for which the shim opened a stream. */
static void a_number_that_nobody_opens_is_answered(void **state)
{
	struct pair *pair = *state;

	for (uint32_t i = 1; i <= 2 * STREAM_MAX; i++) {
		open_end(&pair->a, i, 100);
		if (i % 2)
			settle(pair);
		stream_close(pair->a.stream, 0);
		settle(pair);
	}
}

static void the_end_of_the_connection_reaches_all(void **state)
{
	struct pair *pair = *state;

	open_end(&pair->a, 1, 0);
	open_end(&pair->b, 1, 100);
	stream_finish(pair->b.stream);
	settle(pair);
	assert_int_equal(pair->a.ended, 1);
	assert_int_equal(pair->a.error, 0);
	stream_mux_free(pair->a.mux, ECONNRESET);
	pair->a.mux = NULL;
	assert_int_equal(pair->a.ended, 2);
	assert_int_equal(pair->a.error, ECONNRESET);
}

static void wrong_calls_are_refused(void **state)
{
	struct pair *pair = *state;
	struct stream *stream;

	open_end(&pair->a, 1, 0);
	assert_int_equal(stream_open(pair->a.mux, 1, 0, &handlers, &pair->b,
				     &stream),
			 -EEXIST);
	assert_int_equal(stream_open(pair->a.mux, 0, 0, &handlers, &pair->b,
				     &stream),
			 -EINVAL);
	assert_int_equal(stream_open(pair->a.mux, 2, STREAM_WINDOW_MAX + 1,
				     &handlers, &pair->b, &stream),
			 -EINVAL);
	for (uint32_t i = 2; i <= STREAM_MAX; i++)
		assert_int_equal(stream_open(pair->a.mux, i, 0, &handlers,
					     &pair->b, &stream),
				 0);
	assert_int_equal(stream_open(pair->a.mux, STREAM_MAX + 1, 0, &handlers,
				     &pair->b, &stream),
			 -EMFILE);
}

/* A peer that breaks the rules. */

static int input_frame(struct end *end, uint32_t number, uint32_t type,
		       uint32_t length, uint32_t value)
{
	uint32_t frame[3] = { htole32(number), htole32(type << 24 | length),
			      htole32(value) };

	return stream_mux_input(end->mux, frame, 8 + (length ? 4 : 0));
}

static void each_broken_rule_is_an_error(void **state)
{
	static const struct {
		const char *rule;
		uint32_t frames[3][4]; /* number, type, length, value */
	} cases[] = {
		{ "type 0", { { 1, 0, 0, 0 } } },
		{ "type 6", { { 1, 6, 0, 0 } } },
		{ "number 0", { { 0, 1, 4, 10 } } },
		{ "length of open", { { 1, 1, 8, 10 } } },
		{ "length of end", { { 1, 1, 4, 10 }, { 1, 4, 4, 0 } } },
		{ "window too large", { { 1, 1, 4, STREAM_WINDOW_MAX + 1 } } },
		{ "opened twice", { { 1, 1, 4, 10 }, { 1, 1, 4, 10 } } },
		{ "data of nobody", { { 7, 2, 4, 0 } } },
		{ "data before open", { { 3, 2, 4, 0 } } },
		{ "no data", { { 3, 1, 4, 10 }, { 3, 2, 0, 0 } } },
		{ "data beyond the window",
		  { { 3, 1, 4, 0 }, { 3, 2, 101, 0 } } },
		{ "data after end",
		  { { 3, 1, 4, 0 }, { 3, 4, 0, 0 }, { 3, 2, 4, 0 } } },
		{ "end of nobody", { { 7, 4, 0, 0 } } },
		{ "end twice",
		  { { 3, 1, 4, 0 }, { 3, 4, 0, 0 }, { 3, 4, 0, 0 } } },
		{ "window before open", { { 3, 3, 4, 10 } } },
		{ "window of 0", { { 3, 1, 4, 0 }, { 3, 3, 4, 0 } } },
		{ "windows too large",
		  { { 3, 1, 4, STREAM_WINDOW_MAX }, { 3, 3, 4, 1 } } },
		{ "reset with 0", { { 3, 1, 4, 0 }, { 3, 5, 4, 0 } } },
		{ "reset twice",
		  { { 3, 1, 4, 0 }, { 3, 5, 4, 9 }, { 3, 5, 4, 9 } } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct end end = { .take_max = SIZE_MAX };
		int r = 0;

		assert_int_equal(stream_mux_new(&mux_handlers, NULL, &end.mux),
				 0);
		open_end(&end, 3, 100);
		for (int j = 0; j < 3 && cases[i].frames[j][0] + j; j++) {
			const uint32_t *frame = cases[i].frames[j];

			if (j && !frame[1])
				break;
			assert_int_equal(r, 0);
			r = input_frame(&end, frame[0], frame[1], frame[2],
					frame[3]);
		}
		if (!cases[i].frames[0][0])
			r = input_frame(&end, 0, 1, 4, 10);
		if (r != -EPROTO)
			fail_msg("%s: %d", cases[i].rule, r);
		assert_int_equal(stream_mux_input(end.mux, "x", 1), -EPROTO);
		stream_mux_free(end.mux, EPROTO);
	}
}

static void a_peer_cannot_open_without_end(void **state)
{
	struct pair *pair = *state;
	int r = 0;

	for (uint32_t i = 1; i <= STREAM_MAX; i++)
		assert_int_equal(input_frame(&pair->a, i, 1, 4, 10), 0);
	r = input_frame(&pair->a, STREAM_MAX + 1, 1, 4, 10);
	assert_int_equal(r, -EPROTO);
}

/* Small frames in number, never read: what is owed does not pile up. */
static void a_peer_that_does_not_read_costs_no_memory(void **state)
{
	struct pair *pair = *state;
	const void *data;
	size_t size = 0;

	open_end(&pair->a, 3, 4);
	assert_int_equal(input_frame(&pair->a, 3, 1, 4, 10), 0);
	for (int i = 0; i < 100000; i++) {
		if (input_frame(&pair->a, 3, 2, 4, 0) < 0)
			break;
		size = stream_mux_output(pair->a.mux, &data);
	}
	assert_in_range(size, 1, 256 * 1024);
}

static void random_input_is_survived(void **state)
{
	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		struct end end = { .take_max = rand() % 100 };
		const void *data;
		uint8_t noise[64];

		assert_int_equal(stream_mux_new(&mux_handlers, NULL, &end.mux),
				 0);
		open_end(&end, 3, 1000);
		for (int i = 0; i < 50; i++) {
			uint32_t word = (rand() % 7) << 24 | rand() % 60;
			uint32_t number = rand() % 5;

			for (size_t j = 0; j < sizeof(noise); j++)
				noise[j] = rand() % 4 ? 0 : rand();
			memcpy(noise, &number, 4);
			memcpy(noise + 4, &word, 4);
			if (stream_mux_input(end.mux, noise, rand() % 64) < 0)
				break;
			stream_mux_sent(end.mux,
					stream_mux_output(end.mux, &data));
		}
		stream_mux_free(end.mux, EPROTO);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(data_arrives_whole_however_it_is_cut),
		TEST(data_put_in_place_arrives_whole),
		TEST(what_is_not_committed_is_not_sent),
		TEST(room_is_told_after_another_stream_filled_the_output),
		TEST(nothing_is_sent_before_the_peer_opens),
		TEST(a_slow_reader_stops_its_own_stream_only),
		TEST(kept_data_comes_before_the_end),
		TEST(close_resets_and_the_sender_learns_why),
		TEST(an_end_is_not_undone_by_the_close),
		TEST(a_stream_that_is_over_is_gone),
		TEST(both_may_close_at_once),
		TEST(a_number_that_nobody_opens_is_answered),
		TEST(the_end_of_the_connection_reaches_all),
		TEST(wrong_calls_are_refused),
		TEST(each_broken_rule_is_an_error),
		TEST(a_peer_cannot_open_without_end),
		TEST(a_peer_that_does_not_read_costs_no_memory),
		TEST(random_input_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
