// SPDX-License-Identifier: GPL-2.0-or-later
/* What a peer cannot do to a server of ttrpc: take its memory, time, or descriptors. */
#include "ttrpc_served.h"

#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>

#define NR_DEFERRED	10000

/* Of the address sanitizer; gcc has no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);

static void oversized_requests_are_skipped(void **state)
{
	uint8_t header[RAW_HEADER], *zeroes = calloc(1, 1 << 20);

	(void)state;
	assert_non_null(zeroes);
	raw_header(header, TTRPC_MAX_DATA + 7, 1, 1, 0);
	raw_write(loop, peer, header, sizeof(header));
	for (int i = 0; i < 4; i++)
		raw_write(loop, peer, zeroes, 1 << 20);
	assert_true(raw_is_silent(loop, peer));
	raw_write(loop, peer, zeroes, 7);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_RESOURCE_EXHAUSTED);
	free(zeroes);
	assert_serves(3);
}

/* 2 bytes on the wire, a structure of a hundred in memory: 4 MiB would be 200. */
static void small_fields_take_no_large_memory(void **state)
{
	static const uint8_t mount[] = { 0x1a, 0x00 };
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	size_t nr = (TTRPC_MAX_DATA - 200) / sizeof(mount), size;
	uint8_t *payload = malloc(nr * sizeof(mount)), *bytes = malloc(TTRPC_MAX_DATA);

	(void)state;
	assert_non_null(payload);
	assert_non_null(bytes);
	for (size_t i = 0; i < nr; i++)
		memcpy(payload + i * sizeof(mount), mount, sizeof(mount));
	request.service = TASK;
	request.method = "Exec";
	request.payload.data = payload;
	request.payload.len = nr * sizeof(mount);
	/* Of Exec, 3 is a bool: not its encoding. Of metadata, the envelope's own. */
	size = ttrpc__request__pack(&request, bytes);
	raw_send(loop, peer, 1, 1, bytes, size);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_INVALID_ARGUMENT);
	for (size_t i = 0; i < nr; i++)
		memcpy(bytes + i * 2, "\x2a\x00", 2);
	raw_send(loop, peer, 3, 1, bytes, nr * 2);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_INVALID_ARGUMENT);
	assert_serves(5);
	free(payload);
	free(bytes);
}

static void answers_have_a_limit(void **state)
{
	Containerd__Task__V2__StatsRequest request = CONTAINERD__TASK__V2__STATS_REQUEST__INIT;
	ProtobufCBinaryData payload;

	(void)state;
	answer_size = TTRPC_MAX_DATA - 64;
	raw_request(loop, peer, 1, TASK, "Stats", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 1, &payload), TTRPC_OK);
	assert_true(payload.len > TTRPC_MAX_DATA - 64);
	free(payload.data);
	answer_size = TTRPC_MAX_DATA;
	raw_request(loop, peer, 3, TASK, "Stats", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_RESOURCE_EXHAUSTED);
	raw_request(loop, peer, 5, TASK, "Pids", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_INTERNAL);
	assert_serves(7);
}

static void ten_thousand_wait(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < NR_DEFERRED; i++)
		send_wait(2 * i + 1, 0);
	UNTIL(nr_kept == NR_DEFERRED);
	assert_int_equal(ttrpc_server_pending(server), NR_DEFERRED);
	assert_serves(2 * NR_DEFERRED + 1);
	answer_all();
	for (uint32_t i = 0; i < NR_DEFERRED; i++)
		assert_int_equal(raw_answer(loop, peer, 2 * i + 1, NULL), TTRPC_OK);
	assert_int_equal(ttrpc_server_pending(server), 0);
}

static void calls_have_a_limit(void **state)
{
	uint32_t stream = 1;

	(void)state;
	for (; stream < 2 * TTRPC_MAX_CALLS; stream += 2)
		send_wait(stream, 0);
	UNTIL(nr_kept == TTRPC_MAX_CALLS);
	send_wait(stream, 0);
	assert_int_equal(raw_answer(loop, peer, stream, NULL), TTRPC_RESOURCE_EXHAUSTED);
	assert_int_equal(nr_kept, TTRPC_MAX_CALLS);
	answer_wait(kept[--nr_kept], 0);
	assert_int_equal(raw_answer(loop, peer, stream - 2, NULL), TTRPC_OK);
	send_wait(stream + 2, 0);
	UNTIL(nr_kept == TTRPC_MAX_CALLS);
	close(peer);
	peer = -1;
	UNTIL(nr_closed == 1);
	answer_all();
}

/* Whoever comes again and again and leaves calls behind has a limit, too. */
static void calls_without_a_peer_have_a_limit(void **state)
{
	(void)state;
	for (unsigned int round = 1; round <= 4; round++) {
		int ends[2];

		for (uint32_t stream = 1; stream < 2 * TTRPC_MAX_CALLS; stream += 2)
			send_wait(stream, 0);
		UNTIL(nr_kept == round * TTRPC_MAX_CALLS);
		raw_pair(ends);
		assert_int_equal(ttrpc_server_add(server, ends[0]), 0);
		close(peer);
		peer = ends[1];
		UNTIL(nr_closed == round);
	}
	send_wait(1, 0);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_RESOURCE_EXHAUSTED);
	answer_all();
	assert_serves(3);
}

/* Each is small enough; together they are not. */
static void held_requests_have_a_limit(void **state)
{
	Containerd__Task__V2__WaitRequest request = CONTAINERD__TASK__V2__WAIT_REQUEST__INIT;
	char *id = malloc(TTRPC_MAX_DATA);
	uint32_t stream = 1;

	(void)state;
	assert_non_null(id);
	memset(id, 'x', TTRPC_MAX_DATA - 100);
	id[TTRPC_MAX_DATA - 100] = 0;
	request.id = id;
	for (; stream < 2 * TTRPC_MAX_HELD / TTRPC_MAX_DATA; stream += 2) {
		raw_request(loop, peer, stream, TASK, "Wait", &request.base, 0);
		UNTIL(nr_kept == (stream + 1) / 2);
	}
	raw_request(loop, peer, stream, TASK, "Wait", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, stream, NULL), TTRPC_RESOURCE_EXHAUSTED);
	assert_serves(stream + 2);
	answer_wait(kept[--nr_kept], 0);
	assert_int_equal(raw_answer(loop, peer, stream - 2, NULL), TTRPC_OK);
	raw_request(loop, peer, stream + 4, TASK, "Wait", &request.base, 0);
	UNTIL(nr_kept == (stream - 1) / 2);
	answer_all();
	free(id);
}

static void limits_of_time_are_kept(void **state)
{
	double start_time = raw_now();

	(void)state;
	send_wait(1, 100 * 1000 * 1000);
	UNTIL(nr_kept == 1);
	assert_true(ttrpc_call_remaining(kept[0]) <= 0.1);
	ttrpc_call_on_cancel(kept[0], cancel, &nr_cancelled);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_DEADLINE_EXCEEDED);
	assert_true(raw_now() - start_time >= 0.09);
	assert_int_equal(nr_cancelled, 1);
	assert_true(ttrpc_call_remaining(kept[0]) <= 0);
	/* Counted until it is answered, and the answer goes nowhere. */
	assert_int_equal(ttrpc_server_pending(server), 1);
	answer_all();
	assert_int_equal(ttrpc_server_pending(server), 0);
	assert_true(raw_is_silent(loop, peer));
	send_wait(3, -1);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_DEADLINE_EXCEEDED);
	answer_all();
	/* Answered in time: not told twice. */
	send_state(5, TASK, "c1", 500 * 1000 * 1000);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_OK);
	assert_true(seen_remaining > 0 && seen_remaining <= 0.5);
	usleep(600000);
	assert_true(raw_is_silent(loop, peer));
}

/* What a handler before it took is not of the caller's time. */
static void time_begins_with_the_call(void **state)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t frames[256];
	size_t size;
	double sent = raw_now();

	(void)state;
	request.service = TASK;
	request.method = "Resume";
	size = ttrpc__request__pack(&request, frames + RAW_HEADER) + RAW_HEADER;
	raw_header(frames, (uint32_t)size - RAW_HEADER, 1, 1, 0);
	request.method = "Wait";
	request.timeout_nano = 100 * 1000 * 1000;
	raw_header(frames + size, (uint32_t)ttrpc__request__get_packed_size(&request), 3, 1, 0);
	size += RAW_HEADER + ttrpc__request__pack(&request, frames + size + RAW_HEADER);
	raw_write(loop, peer, frames, size);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_DEADLINE_EXCEEDED);
	assert_true(raw_now() - sent >= BUSY_SECONDS + 0.09);
	answer_all();
}

/* It writes as much as it can and never reads. */
static void floods_are_held_back(void **state)
{
	Ttrpc__Request envelope = TTRPC__REQUEST__INIT;
	uint8_t frame[256];
	size_t before, sent = 0;

	(void)state;
	answer_size = 100000;
	envelope.service = TASK;
	envelope.method = "Stats";
	before = __sanitizer_get_current_allocated_bytes();
	for (uint32_t turns = 0, stream = 1; turns < 20000; turns++) {
		size_t size = ttrpc__request__pack(&envelope, frame + RAW_HEADER) + RAW_HEADER;
		ssize_t part;

		raw_header(frame, (uint32_t)size - RAW_HEADER, stream, 1, 0);
		part = send(peer, frame, size, MSG_NOSIGNAL);
		if (part == (ssize_t)size) {
			stream += 2;
			sent++;
		} else {
			assert_true(part < 0 && errno == EAGAIN);
		}
		raw_turn(loop);
	}
	/* It was not cut off, as it did nothing wrong but not to read. */
	assert_int_equal(nr_closed, 0);
	assert_true(sent > 100 && sent < 20000);
	assert_true(__sanitizer_get_current_allocated_bytes() - before <
		    2 * TTRPC_OUTPUT_PAUSE + (1 << 20));
	/* Each one that was sent is answered once it does read. */
	for (uint32_t i = 0; i < sent; i++)
		assert_int_equal(raw_answer(loop, peer, 2 * i + 1, NULL), TTRPC_OK);
}

/* What is answered late cannot be held back: the peer is cut off. */
static void unread_answers_have_a_limit(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		send_wait(2 * i + 1, 0);
	UNTIL(nr_kept == 1000);
	for (size_t i = 0; i < 1000; i++) {
		char *text = malloc(4000);

		assert_non_null(text);
		memset(text, 'x', 3999);
		text[3999] = 0;
		/* 1000 of 4 KB are not too much... */
		ttrpc_call_fail(kept[i], TTRPC_INTERNAL, "%s", text);
		free(text);
	}
	assert_int_equal(nr_closed, 0);
	nr_kept = 0;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(raw_answer(loop, peer, 2 * i + 1, NULL), TTRPC_INTERNAL);
	/* ...but 16384 are. */
	for (uint32_t i = 1000; i < 1000 + TTRPC_MAX_CALLS; i++)
		send_wait(2 * i + 1, 0);
	UNTIL(nr_kept == TTRPC_MAX_CALLS);
	for (size_t i = 0; i < TTRPC_MAX_CALLS; i++)
		ttrpc_call_fail(kept[i], TTRPC_INTERNAL, "%4000d", 0);
	UNTIL(nr_closed == 1);
	assert_int_equal(closed_error, -EMSGSIZE);
	assert_int_equal(ttrpc_server_pending(server), 0);
}

static int listen_here(struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*address);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	assert_true(fd >= 0);
	/* An abstract name of the kernel's choice. */
	assert_int_equal(bind(fd, (struct sockaddr *)address, sizeof(sa_family_t)), 0);
	assert_int_equal(listen(fd, 200), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)address, &size), 0);
	address->sun_path[0] = '@';
	return fd;
}

static void connections_are_accepted_up_to_a_limit(void **state)
{
	struct sockaddr_un address;
	int fds[TTRPC_MAX_CONNECTIONS];
	int first = peer, listener = listen_here(&address);

	(void)state;
	assert_int_equal(ttrpc_server_listen(server, listener), 0);
	assert_int_equal(ttrpc_server_listen(server, listener), -EALREADY);
	/* One is there already: the last has to wait. */
	for (int i = 0; i < TTRPC_MAX_CONNECTIONS; i++)
		assert_int_equal(ttrpc_connect(address.sun_path, &fds[i]), 0);
	for (int i = 0; i < TTRPC_MAX_CONNECTIONS - 1; i++) {
		peer = fds[i];
		assert_serves(1);
	}
	peer = fds[TTRPC_MAX_CONNECTIONS - 1];
	send_state(1, TASK, "c1", 0);
	assert_true(raw_is_silent(loop, peer));
	close(first);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	for (int i = 0; i < TTRPC_MAX_CONNECTIONS - 1; i++)
		close(fds[i]);
}

/* As containerd's own shims have it. */
static void other_users_are_turned_away(void **state)
{
	struct sockaddr_un address;
	int fd, status = -1, pipes[2];
	char byte;
	pid_t child;

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(ttrpc_server_listen(server, listen_here(&address)), 0);
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		/* The kernel notes who connects. Ends at the server's end of file. */
		if (setresuid(65534, 65534, 65534) || ttrpc_connect(address.sun_path, &fd))
			_exit(2);
		fcntl(fd, F_SETFL, 0);
		_exit(write(pipes[1], "x", 1) == 1 && !read(fd, &byte, 1) ? 0 : 1);
	}
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	UNTIL(waitpid(child, &status, WNOHANG) == child);
	assert_int_equal(status, 0);
	close(pipes[0]);
	close(pipes[1]);
}

/* It must not spin, and must go on when there are some again. */
static void descriptors_may_run_out(void **state)
{
	struct rlimit limit, none;
	struct sockaddr_un address;
	unsigned int turns = 0;
	double end;
	int fd, first = peer;

	(void)state;
	assert_int_equal(ttrpc_server_listen(server, listen_here(&address)), 0);
	assert_int_equal(ttrpc_connect(address.sun_path, &fd), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 3;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	end = raw_now() + 0.3;
	while (raw_now() < end) {
		ev_run(loop, EVRUN_ONCE);
		turns++;
	}
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(turns < 10);
	peer = fd;
	assert_serves(1);
	close(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(oversized_requests_are_skipped),
		CASE(small_fields_take_no_large_memory),
		CASE(answers_have_a_limit),
		CASE(ten_thousand_wait),
		CASE(calls_have_a_limit),
		CASE(calls_without_a_peer_have_a_limit),
		CASE(held_requests_have_a_limit),
		CASE(limits_of_time_are_kept),
		CASE(time_begins_with_the_call),
		CASE(floods_are_held_back),
		CASE(unread_answers_have_a_limit),
		CASE(connections_are_accepted_up_to_a_limit),
		CASE(other_users_are_turned_away),
		CASE(descriptors_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
