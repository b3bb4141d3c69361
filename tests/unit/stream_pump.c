// SPDX-License-Identifier: GPL-2.0-or-later
/* Pumps and ports: pipe -> stream -> socket pair -> stream -> pipe. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/port.h"
#include "stream/pump.h"

struct link {
	struct ev_loop *loop;
	struct stream_port *a, *b;
	int failed, failed_error;
	int done_from, done_to; /* -1: not yet; else the error */
	struct stream_pump *from, *to;
	int source[2], sink[2];
	/* A process that writes the source and one that reads the sink. */
	ev_io feed, drain;
	ev_timer limit;
	size_t to_feed, drained;
	uint8_t next_fed, next_drained;
};

static void on_failed(void *context, int error)
{
	struct link *link = context;

	link->failed++;
	link->failed_error = error;
	ev_break(link->loop, EVBREAK_ALL);
}

static void on_from_done(void *context, int error)
{
	struct link *link = context;

	assert_int_equal(link->done_from, -1);
	link->done_from = error;
	stream_pump_free(link->from);
	link->from = NULL;
}

static void on_to_done(void *context, int error)
{
	struct link *link = context;

	assert_int_equal(link->done_to, -1);
	link->done_to = error;
	stream_pump_free(link->to);
	link->to = NULL;
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(loop, EVBREAK_ALL);
}

static void on_feed(struct ev_loop *loop, ev_io *io, int events)
{
	struct link *link = io->data;
	static uint8_t data[50000];
	size_t size = link->to_feed < sizeof(data) ? link->to_feed :
						     sizeof(data);
	ssize_t written;

	(void)events;
	for (size_t i = 0; i < size; i++)
		data[i] = link->next_fed + i;
	written = write(io->fd, data, size);
	assert_true(written >= 0 || errno == EAGAIN);
	if (written > 0) {
		link->next_fed += written;
		link->to_feed -= written;
	}
	if (!link->to_feed) {
		ev_io_stop(loop, io);
		close(link->source[1]);
		link->source[1] = -1;
	}
}

static void on_drain(struct ev_loop *loop, ev_io *io, int events)
{
	struct link *link = io->data;
	static uint8_t data[30000];
	ssize_t size = read(io->fd, data, sizeof(data));

	(void)events;
	for (ssize_t i = 0; i < size; i++)
		assert_int_equal(data[i], link->next_drained++);
	if (size > 0)
		link->drained += size;
	if (!size) {
		ev_io_stop(loop, io);
		ev_break(loop, EVBREAK_ALL);
	}
}

static int set_up(void **state)
{
	struct link *link = calloc(1, sizeof(*link));
	int fds[2];

	signal(SIGPIPE, SIG_IGN);
	link->loop = ev_loop_new(EVFLAG_AUTO);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(stream_port_new(link->loop, fds[0], on_failed, link,
					 &link->a),
			 0);
	assert_int_equal(stream_port_new(link->loop, fds[1], on_failed, link,
					 &link->b),
			 0);
	assert_int_equal(pipe2(link->source, O_NONBLOCK), 0);
	assert_int_equal(pipe2(link->sink, O_NONBLOCK), 0);
	link->done_from = link->done_to = -1;
	ev_io_init(&link->feed, on_feed, link->source[1], EV_WRITE);
	ev_io_init(&link->drain, on_drain, link->sink[0], EV_READ);
	ev_timer_init(&link->limit, on_limit, 20., 0.);
	link->feed.data = link->drain.data = link;
	*state = link;
	return 0;
}

static void start(struct link *link)
{
	assert_int_equal(stream_pump_to(link->loop, stream_port_mux(link->b), 5,
					link->sink[1], on_to_done, link,
					&link->to),
			 0);
	assert_int_equal(stream_pump_from(link->loop, stream_port_mux(link->a),
					  5, link->source[0], on_from_done,
					  link, &link->from),
			 0);
}

static void run(struct link *link, double seconds)
{
	ev_timer_stop(link->loop, &link->limit);
	ev_timer_set(&link->limit, seconds, 0.);
	ev_timer_start(link->loop, &link->limit);
	ev_run(link->loop, 0);
}

static int tear_down(void **state)
{
	struct link *link = *state;

	ev_io_stop(link->loop, &link->feed);
	ev_io_stop(link->loop, &link->drain);
	ev_timer_stop(link->loop, &link->limit);
	stream_pump_free(link->from);
	stream_pump_free(link->to);
	stream_port_free(link->a);
	stream_port_free(link->b);
	if (link->source[1] >= 0)
		close(link->source[1]);
	if (link->sink[0] >= 0)
		close(link->sink[0]);
	ev_loop_destroy(link->loop);
	free(link);
	return 0;
}

static void all_bytes_and_the_end_arrive(void **state)
{
	struct link *link = *state;

	start(link);
	link->to_feed = 20000003;
	ev_io_start(link->loop, &link->feed);
	ev_io_start(link->loop, &link->drain);
	run(link, 20.);
	assert_int_equal(link->drained, 20000003);
	run(link, 0.05);
	assert_int_equal(link->done_from, 0);
	assert_int_equal(link->done_to, 0);
	assert_int_equal(link->failed, 0);
}

static void pipes_hold_a_window(void **state)
{
	struct link *link = *state;

	assert_in_range(fcntl(link->source[0], F_GETPIPE_SZ), 1,
			STREAM_WINDOW - 1);
	start(link);
	assert_int_equal(fcntl(link->source[0], F_GETPIPE_SZ), STREAM_WINDOW);
	assert_int_equal(fcntl(link->sink[1], F_GETPIPE_SZ), STREAM_WINDOW);
}

/* With nobody reading, what is under way is bounded; nothing is lost later. */
static void back_pressure_reaches_the_source(void **state)
{
	struct link *link = *state;
	size_t total = 5000000;

	start(link);
	link->to_feed = total;
	ev_io_start(link->loop, &link->feed);
	run(link, 0.2);
	assert_in_range(total - link->to_feed, 1,
			3 * STREAM_WINDOW + 4096);
	ev_io_start(link->loop, &link->drain);
	run(link, 20.);
	assert_int_equal(link->drained, total);
}

static void a_reader_that_goes_away_is_told_to_the_source(void **state)
{
	struct link *link = *state;

	start(link);
	close(link->sink[0]);
	link->sink[0] = -1;
	assert_int_equal(write(link->source[1], "x", 1), 1);
	run(link, 0.1);
	assert_int_equal(link->done_to, EPIPE);
	assert_int_equal(link->done_from, EPIPE);
	assert_int_equal(write(link->source[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
}

static void drain_ends_though_others_hold_the_source_open(void **state)
{
	struct link *link = *state;

	start(link);
	assert_int_equal(write(link->source[1], "last", 4), 4);
	stream_pump_drain(link->from);
	run(link, 0.1);
	assert_int_equal(link->done_from, 0);
	assert_int_equal(link->done_to, 0);
	assert_int_equal(read(link->sink[0], (char[8]){ 0 }, 8), 4);
}

/* More than fits: what is drained later comes before the end, too. */
static void drain_waits_for_the_window(void **state)
{
	struct link *link = *state;

	start(link);
	link->to_feed = 600000;
	ev_io_start(link->loop, &link->feed);
	run(link, 0.1);
	ev_io_stop(link->loop, &link->feed);
	stream_pump_drain(link->from);
	run(link, 0.1);
	ev_io_start(link->loop, &link->drain);
	run(link, 5.);
	assert_int_equal(link->drained, 600000 - link->to_feed);
	assert_int_equal(link->done_to, 0);
}

static void a_lost_connection_ends_the_pumps(void **state)
{
	struct link *link = *state;

	start(link);
	run(link, 0.05);
	stream_port_free(link->b);
	link->b = NULL;
	run(link, 0.1);
	assert_int_equal(link->failed, 1);
	assert_int_equal(link->done_to, ECONNRESET);
	stream_port_free(link->a);
	link->a = NULL;
	run(link, 0.1);
	assert_int_equal(link->done_from, ECONNRESET);
}

static void noise_fails_the_port(void **state)
{
	struct link *link = *state;
	struct stream_port *port;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(
		stream_port_new(link->loop, fds[0], on_failed, link, &port), 0);
	assert_int_equal(write(fds[1], "GET / HTTP/1.1\r\n", 16), 16);
	run(link, 1.);
	assert_int_equal(link->failed_error, EPROTO);
	stream_port_free(port);
	close(fds[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(all_bytes_and_the_end_arrive),
		TEST(pipes_hold_a_window),
		TEST(back_pressure_reaches_the_source),
		TEST(a_reader_that_goes_away_is_told_to_the_source),
		TEST(drain_ends_though_others_hold_the_source_open),
		TEST(drain_waits_for_the_window),
		TEST(a_lost_connection_ends_the_pumps),
		TEST(noise_fails_the_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
