// SPDX-License-Identifier: GPL-2.0-or-later
/* A server of ttrpc against peers that obey the protocol, and those that do not. */
#include "ttrpc_raw.h"

#include <math.h>
#include <pty.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

#include "containerd/task.pb-c.h"

#define TASK		"containerd.task.v2.Task"
#define NR_DEFERRED	10000

/* Of the address sanitizer; gcc has no header for it. */
size_t __sanitizer_get_current_allocated_bytes(void);

#define UNTIL(condition) \
	do { \
		double until_end = raw_now() + RAW_SECONDS; \
		while (!(condition)) { \
			raw_turn(loop); \
			assert_true(raw_now() < until_end); \
		} \
	} while (0)

static struct ev_loop *loop;
static struct ttrpc_server *server;
static int peer;

static struct ttrpc_call *kept[5 * TTRPC_MAX_CALLS];
static size_t nr_kept;
static size_t nr_cancelled;
static ProtobufCMessage *taken;
static size_t answer_size;
static int closed_error;
static unsigned int nr_closed;
static char seen_metadata[64];
static double seen_remaining;

static void handle_state(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	const Containerd__Task__V2__StateRequest *request = (const void *)message;
	Containerd__Task__V2__StateResponse response = CONTAINERD__TASK__V2__STATE_RESPONSE__INIT;
	const char *metadata = ttrpc_call_metadata(call, "containerd-namespace-ttrpc");

	assert_ptr_equal(context, &server);
	snprintf(seen_metadata, sizeof(seen_metadata), "%s", metadata ? metadata : "none");
	seen_remaining = ttrpc_call_remaining(call);
	response.id = request->id;
	response.bundle = (char *)(uintptr_t)ttrpc_call_service(call);
	response.stdin = (char *)(uintptr_t)ttrpc_call_method(call);
	ttrpc_call_reply(call, &response.base);
}

static void handle_wait(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	(void)message;
	(void)context;
	assert_true(nr_kept < 5 * TTRPC_MAX_CALLS);
	kept[nr_kept++] = call;
}

static void handle_kill(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	const Containerd__Task__V2__KillRequest *request = (const void *)message;

	(void)context;
	if (request->all)
		ttrpc_call_fail_errno(call, -ENOENT, "no container %s", request->id);
	else
		ttrpc_call_fail(call, request->signal, "bad \xff %s", request->id);
}

static void handle_exec(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;

	(void)context;
	assert_ptr_equal(ttrpc_call_take_request(call), message);
	assert_null(ttrpc_call_take_request(call));
	taken = (ProtobufCMessage *)(uintptr_t)message;
	ttrpc_call_reply(call, &response.base);
}

static void handle_stats(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	Containerd__Task__V2__StatsResponse response = CONTAINERD__TASK__V2__STATS_RESPONSE__INIT;
	Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT;

	(void)message;
	(void)context;
	any.value.data = calloc(1, answer_size);
	any.value.len = answer_size;
	assert_non_null(any.value.data);
	response.stats = &any;
	ttrpc_call_reply(call, &response.base);
	free(any.value.data);
}

/* Answers with another method's type. */
static void handle_pids(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	(void)context;
	ttrpc_call_reply(call, message);
}

static void handle_shutdown(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;

	(void)message;
	(void)context;
	ttrpc_server_free(server);
	server = NULL;
	assert_true(ttrpc_call_cancelled(call));
	ttrpc_call_reply(call, &response.base);
}

static const struct ttrpc_method methods[] = {
	{ "State", handle_state }, { "Wait", handle_wait },   { "Kill", handle_kill },
	{ "Exec", handle_exec },   { "Stats", handle_stats }, { "Pids", handle_pids },
	{ NULL, NULL },
};
static const struct ttrpc_method ending[] = { { "Shutdown", handle_shutdown }, { NULL, NULL } };

static const struct ttrpc_service services[] = {
	{ &containerd__task__v2__task__descriptor, NULL, methods, &server },
	{ &containerd__task__v2__task__descriptor, "containerd.task.v3.Task", methods, &server },
	{ &containerd__task__v2__task__descriptor, "ending", ending, NULL },
};

static void on_closed(int error, void *context)
{
	assert_ptr_equal(context, &closed_error);
	closed_error = error;
	nr_closed++;
}

static int start(void **state)
{
	int ends[2];

	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	raw_pair(ends);
	assert_int_equal(ttrpc_server_new(loop, services, 3, &server), 0);
	assert_int_equal(ttrpc_server_add(server, ends[0]), 0);
	ttrpc_server_on_closed(server, on_closed, &closed_error);
	peer = ends[1];
	nr_kept = 0;
	nr_cancelled = 0;
	nr_closed = 0;
	closed_error = 1;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	if (peer >= 0)
		close(peer);
	ttrpc_server_free(server);
	server = NULL;
	ev_loop_destroy(loop);
	return 0;
}

static void send_state(uint32_t stream, const char *service, const char *id, int64_t timeout)
{
	Containerd__Task__V2__StateRequest request = CONTAINERD__TASK__V2__STATE_REQUEST__INIT;

	request.id = (char *)(uintptr_t)id;
	raw_request(loop, peer, stream, service, "State", &request.base, timeout);
}

static void send_wait(uint32_t stream, int64_t timeout)
{
	Containerd__Task__V2__WaitRequest request = CONTAINERD__TASK__V2__WAIT_REQUEST__INIT;

	request.id = "c1";
	raw_request(loop, peer, stream, TASK, "Wait", &request.base, timeout);
}

static void answer_wait(struct ttrpc_call *call, uint32_t status)
{
	Containerd__Task__V2__WaitResponse response = CONTAINERD__TASK__V2__WAIT_RESPONSE__INIT;

	response.exit_status = status;
	ttrpc_call_reply(call, &response.base);
}

static void answer_all(void)
{
	for (size_t i = 0; i < nr_kept; i++)
		answer_wait(kept[i], (uint32_t)i);
	nr_kept = 0;
}

/* It works still: what each refusal must be followed by. */
static void assert_serves(uint32_t stream)
{
	send_state(stream, TASK, "c1", 0);
	assert_int_equal(raw_answer(loop, peer, stream, NULL), TTRPC_OK);
}

static void calls_are_answered(void **state)
{
	Containerd__Task__V2__StateResponse *response;
	ProtobufCBinaryData payload;

	(void)state;
	send_state(1, TASK, "c1", 0);
	assert_int_equal(raw_answer(loop, peer, 1, &payload), TTRPC_OK);
	response = containerd__task__v2__state_response__unpack(NULL, payload.len, payload.data);
	assert_non_null(response);
	assert_string_equal(response->id, "c1");
	assert_string_equal(response->bundle, TASK);
	assert_string_equal(response->stdin, "State");
	assert_string_equal(seen_metadata, "none");
	assert_true(isinf(seen_remaining));
	containerd__task__v2__state_response__free_unpacked(response, NULL);
	free(payload.data);
}

static void one_table_serves_two_names(void **state)
{
	Containerd__Task__V2__StateResponse *response;
	ProtobufCBinaryData payload;

	(void)state;
	send_state(1, "containerd.task.v3.Task", "c1", 0);
	assert_int_equal(raw_answer(loop, peer, 1, &payload), TTRPC_OK);
	response = containerd__task__v2__state_response__unpack(NULL, payload.len, payload.data);
	assert_non_null(response);
	assert_string_equal(response->bundle, "containerd.task.v3.Task");
	containerd__task__v2__state_response__free_unpacked(response, NULL);
	free(payload.data);
	send_state(3, "containerd.task.v4.Task", "c1", 0);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_UNIMPLEMENTED);
	assert_serves(5);
}

static void unknown_methods_are_unimplemented(void **state)
{
	Containerd__Task__V2__StateRequest request = CONTAINERD__TASK__V2__STATE_REQUEST__INIT;

	(void)state;
	raw_request(loop, peer, 1, TASK, "Nothing", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_UNIMPLEMENTED);
	/* Of the descriptor, but not in the table. */
	raw_request(loop, peer, 3, TASK, "Checkpoint", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_UNIMPLEMENTED);
	raw_request(loop, peer, 5, "", "", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_UNIMPLEMENTED);
	assert_serves(7);
}

static void streams_are_odd_and_rise(void **state)
{
	static const uint32_t bad[] = { 0, 2, 5, 3, 4, 0xfffffffe };

	(void)state;
	assert_serves(5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_state(bad[i], TASK, "c1", 0);
		assert_int_equal(raw_answer(loop, peer, bad[i], NULL), TTRPC_INVALID_ARGUMENT);
	}
	assert_serves(7);
	assert_serves(0xffffffff);
}

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

static void other_frames_do_no_harm(void **state)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t frame[256];
	size_t size;

	(void)state;
	raw_send(loop, peer, 1, 3, "data", 4);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_INVALID_ARGUMENT);
	raw_send(loop, peer, 1, 2, "response", 8);
	raw_send(loop, peer, 1, 99, "whatever", 8);
	raw_send(loop, peer, 1, 0, NULL, 0);
	assert_true(raw_is_silent(loop, peer));
	/* A call with more to come; then one that says that there is no more. */
	request.service = TASK;
	request.method = "State";
	size = ttrpc__request__pack(&request, frame + RAW_HEADER);
	raw_header(frame, (uint32_t)size, 1, 1, 0x2);
	raw_write(loop, peer, frame, RAW_HEADER + size);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_UNIMPLEMENTED);
	raw_header(frame, (uint32_t)size, 3, 1, 0x1);
	raw_write(loop, peer, frame, RAW_HEADER + size);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_OK);
	assert_serves(5);
}

static void garbage_is_an_invalid_argument(void **state)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t bytes[256];
	size_t size;

	(void)state;
	raw_send(loop, peer, 1, 1, "\xff\xff\xff\xff\xff\xff", 6);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_INVALID_ARGUMENT);
	request.service = TASK;
	request.method = "State";
	request.payload.data = (uint8_t *)"\x0a\x7f";
	request.payload.len = 2;
	size = ttrpc__request__pack(&request, bytes);
	raw_send(loop, peer, 3, 1, bytes, size);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_INVALID_ARGUMENT);
	assert_serves(5);
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

static void metadata_is_found(void **state)
{
	Ttrpc__KeyValue pairs[3] = { TTRPC__KEY_VALUE__INIT, TTRPC__KEY_VALUE__INIT,
				     TTRPC__KEY_VALUE__INIT };
	Ttrpc__KeyValue *pointers[] = { &pairs[0], &pairs[1], &pairs[2] };
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t bytes[256];

	(void)state;
	pairs[0].key = "traceparent";
	pairs[0].value = "00";
	pairs[1].key = "containerd-namespace-ttrpc";
	pairs[1].value = "k8s.io";
	pairs[2].key = "containerd-namespace-ttrpc";
	pairs[2].value = "second";
	request.service = TASK;
	request.method = "State";
	request.n_metadata = 3;
	request.metadata = pointers;
	raw_send(loop, peer, 1, 1, bytes, ttrpc__request__pack(&request, bytes));
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	assert_string_equal(seen_metadata, "k8s.io");
}

static void failures_have_code_and_text(void **state)
{
	Containerd__Task__V2__KillRequest request = CONTAINERD__TASK__V2__KILL_REQUEST__INIT;
	Ttrpc__Response *response;
	struct raw_frame frame;

	(void)state;
	request.id = "c\xff";
	request.signal = TTRPC_FAILED_PRECONDITION;
	raw_request(loop, peer, 1, TASK, "Kill", &request.base, 0);
	frame = raw_receive(loop, peer);
	response = ttrpc__response__unpack(NULL, frame.length, frame.data);
	assert_non_null(response);
	assert_int_equal(response->status->code, TTRPC_FAILED_PRECONDITION);
	assert_string_equal(response->status->message, "bad ? c?");
	ttrpc__response__free_unpacked(response, NULL);
	free(frame.data);
	/* A failure without a code is none of success. */
	request.signal = TTRPC_OK;
	raw_request(loop, peer, 3, TASK, "Kill", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_UNKNOWN);
	request.all = 1;
	raw_request(loop, peer, 5, TASK, "Kill", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_NOT_FOUND);
}

static void requests_can_be_kept(void **state)
{
	Containerd__Task__V2__ExecProcessRequest request =
		CONTAINERD__TASK__V2__EXEC_PROCESS_REQUEST__INIT;

	(void)state;
	request.exec_id = "e1";
	raw_request(loop, peer, 1, TASK, "Exec", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	assert_string_equal(((Containerd__Task__V2__ExecProcessRequest *)taken)->exec_id, "e1");
	protobuf_c_message_free_unpacked(taken, NULL);
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

static void answers_come_in_any_order(void **state)
{
	Containerd__Task__V2__WaitResponse *response;
	ProtobufCBinaryData payload;

	(void)state;
	send_wait(1, 0);
	send_wait(3, 0);
	assert_serves(5);
	assert_int_equal(nr_kept, 2);
	assert_int_equal(ttrpc_server_pending(server), 2);
	answer_wait(kept[1], 33);
	assert_int_equal(raw_answer(loop, peer, 3, &payload), TTRPC_OK);
	response = containerd__task__v2__wait_response__unpack(NULL, payload.len, payload.data);
	assert_int_equal(response->exit_status, 33);
	containerd__task__v2__wait_response__free_unpacked(response, NULL);
	free(payload.data);
	answer_wait(kept[0], 11);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	assert_int_equal(ttrpc_server_pending(server), 0);
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
	answer_all();
	free(id);
}

static void cancel(struct ttrpc_call *call, void *context)
{
	assert_ptr_equal(context, &nr_cancelled);
	assert_true(ttrpc_call_cancelled(call));
	nr_cancelled++;
}

static void cancel_and_answer(struct ttrpc_call *call, void *context)
{
	cancel(call, context);
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits");
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
	send_state(5, TASK, "c1", 50 * 1000 * 1000);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_OK);
	assert_true(seen_remaining > 0 && seen_remaining <= 0.05);
	usleep(100000);
	assert_true(raw_is_silent(loop, peer));
}

static void peers_may_go_with_calls_waiting(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		send_wait(2 * i + 1, i % 2 ? 0 : 60LL * 1000 * 1000 * 1000);
	UNTIL(nr_kept == 100);
	for (size_t i = 0; i < 50; i++)
		ttrpc_call_on_cancel(kept[i], i < 25 ? cancel : cancel_and_answer, &nr_cancelled);
	close(peer);
	peer = -1;
	UNTIL(nr_closed == 1);
	assert_int_equal(closed_error, 0);
	assert_int_equal(nr_cancelled, 50);
	assert_int_equal(ttrpc_server_pending(server), 75);
	for (size_t i = 0; i < 100; i++)
		if (i < 25 || i >= 50)
			answer_wait(kept[i], 0);
	assert_int_equal(ttrpc_server_pending(server), 0);
}

static void calls_outlive_their_server(void **state)
{
	(void)state;
	send_wait(1, 0);
	send_wait(3, 60LL * 1000 * 1000 * 1000);
	UNTIL(nr_kept == 2);
	ttrpc_call_on_cancel(kept[0], cancel, &nr_cancelled);
	ttrpc_server_free(server);
	server = NULL;
	assert_int_equal(nr_cancelled, 1);
	assert_true(raw_is_closed(loop, peer));
	/* The loop as well. */
	ev_loop_destroy(loop);
	answer_all();
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
}

static void handlers_may_free_the_server(void **state)
{
	Containerd__Task__V2__ShutdownRequest request = CONTAINERD__TASK__V2__SHUTDOWN_REQUEST__INIT;

	(void)state;
	send_wait(1, 0);
	raw_request(loop, peer, 3, "ending", "Shutdown", &request.base, 0);
	UNTIL(!server);
	assert_true(raw_is_closed(loop, peer));
	answer_all();
}

/* Half a frame is no reason to wait for the others, nor its end an error. */
static void half_a_frame_is_no_call(void **state)
{
	uint8_t header[RAW_HEADER];
	int ends[2];

	(void)state;
	raw_header(header, 1000, 1, 1, 0);
	raw_write(loop, peer, header, sizeof(header));
	raw_write(loop, peer, header, 7);
	assert_true(raw_is_silent(loop, peer));
	raw_pair(ends);
	assert_int_equal(ttrpc_server_add(server, ends[0]), 0);
	close(peer);
	peer = ends[1];
	assert_serves(1);
	UNTIL(nr_closed == 1);
	assert_int_equal(closed_error, 0);
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

static void answers_can_be_flushed(void **state)
{
	Containerd__Task__V2__StatsRequest request = CONTAINERD__TASK__V2__STATS_REQUEST__INIT;

	(void)state;
	answer_size = 2 << 20;
	raw_request(loop, peer, 1, TASK, "Stats", &request.base, 0);
	for (int i = 0; i < 10; i++)
		raw_turn(loop);
	assert_int_equal(ttrpc_server_flush(server, 0.05), -ETIMEDOUT);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	assert_int_equal(ttrpc_server_flush(server, 0.05), 0);
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

/* A port of virtio-console is no socket; nor is a terminal. */
static void any_stream_will_do(void **state)
{
	struct termios raw;
	Ttrpc__Request envelope = TTRPC__REQUEST__INIT;
	uint8_t frame[256];
	size_t size;
	ssize_t got;
	int one, other;

	(void)state;
	cfmakeraw(memset(&raw, 0, sizeof(raw)));
	assert_int_equal(openpty(&one, &other, NULL, &raw, NULL), 0);
	assert_int_equal(ttrpc_server_add(server, other), 0);
	envelope.service = TASK;
	envelope.method = "State";
	size = ttrpc__request__pack(&envelope, frame + RAW_HEADER) + RAW_HEADER;
	raw_header(frame, (uint32_t)size - RAW_HEADER, 1, 1, 0);
	assert_int_equal(write(one, frame, size), size);
	assert_int_equal(fcntl(one, F_SETFL, O_NONBLOCK), 0);
	UNTIL((got = read(one, frame, sizeof(frame))) >= 0);
	assert_true(got > RAW_HEADER);
	assert_int_equal(frame[8], 2);
	assert_int_equal(frame[3], got - RAW_HEADER);
	close(one);
	UNTIL(nr_closed == 1);
}

static void tables_are_checked(void **state)
{
	static const struct ttrpc_method wrong[] = { { "Stat", handle_state }, { NULL, NULL } };
	const struct ttrpc_service service = { &containerd__task__v2__task__descriptor, NULL, wrong,
					       NULL };
	struct ttrpc_server *none = NULL;

	(void)state;
	assert_int_equal(ttrpc_server_new(loop, &service, 1, &none), -EINVAL);
	assert_null(none);
	ttrpc_server_free(NULL);
	assert_int_equal(ttrpc_server_add(server, -1), -EBADF);
}

#define CASE(name)	cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(calls_are_answered),
		CASE(one_table_serves_two_names),
		CASE(unknown_methods_are_unimplemented),
		CASE(streams_are_odd_and_rise),
		CASE(oversized_requests_are_skipped),
		CASE(other_frames_do_no_harm),
		CASE(garbage_is_an_invalid_argument),
		CASE(small_fields_take_no_large_memory),
		CASE(metadata_is_found),
		CASE(failures_have_code_and_text),
		CASE(requests_can_be_kept),
		CASE(answers_have_a_limit),
		CASE(answers_come_in_any_order),
		CASE(ten_thousand_wait),
		CASE(calls_have_a_limit),
		CASE(calls_without_a_peer_have_a_limit),
		CASE(held_requests_have_a_limit),
		CASE(limits_of_time_are_kept),
		CASE(peers_may_go_with_calls_waiting),
		CASE(calls_outlive_their_server),
		CASE(handlers_may_free_the_server),
		CASE(half_a_frame_is_no_call),
		CASE(floods_are_held_back),
		CASE(unread_answers_have_a_limit),
		CASE(answers_can_be_flushed),
		CASE(connections_are_accepted_up_to_a_limit),
		CASE(other_users_are_turned_away),
		CASE(descriptors_may_run_out),
		CASE(any_stream_will_do),
		CASE(tables_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
