// SPDX-License-Identifier: GPL-2.0-or-later
/* A server of ttrpc against peers that obey the protocol, and those that do not. */
#include "ttrpc_served.h"

#include <math.h>
#include <pty.h>
#include <termios.h>

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

static char told[256];

static void on_answered(const struct ttrpc_call *call, enum ttrpc_code code, const char *message,
			void *context)
{
	size_t used = strlen(told);

	assert_ptr_equal(context, told);
	assert_true(ttrpc_call_age(call) >= 0 && ttrpc_call_age(call) < 60);
	snprintf(told + used, sizeof(told) - used, "%s %d '%s'; ", ttrpc_call_method(call), code,
		 message);
}

static void answers_are_told(void **state)
{
	Containerd__Task__V2__KillRequest request = CONTAINERD__TASK__V2__KILL_REQUEST__INIT;

	(void)state;
	*told = '\0';
	ttrpc_server_on_answered(server, on_answered, told);
	send_state(1, TASK, "c1", 0);
	assert_int_equal(raw_answer(loop, peer, 1, NULL), TTRPC_OK);
	request.id = "c1";
	request.all = true;
	raw_request(loop, peer, 3, TASK, "Kill", &request.base, 0);
	assert_int_equal(raw_answer(loop, peer, 3, NULL), TTRPC_NOT_FOUND);
	/* Told when nobody waits any more, and not again when it is answered. */
	send_wait(5, 1000000);
	assert_int_equal(raw_answer(loop, peer, 5, NULL), TTRPC_DEADLINE_EXCEEDED);
	answer_all();
	assert_string_equal(told, "State 0 ''; Kill 5 'no container c1'; "
				  "Wait 4 'its time limit is over'; ");
	ttrpc_server_on_answered(server, NULL, NULL);
	assert_serves(7);
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

static void cancel_and_answer(struct ttrpc_call *call, void *context)
{
	cancel(call, context);
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits");
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
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t frames[256];
	size_t size;

	(void)state;
	send_wait(1, 0);
	request.service = "ending";
	request.method = "Shutdown";
	size = ttrpc__request__pack(&request, frames + RAW_HEADER) + RAW_HEADER;
	raw_header(frames, (uint32_t)size - RAW_HEADER, 3, 1, 0);
	/* There is another one behind it, which is read at the same time. */
	memcpy(frames + size, frames, size);
	raw_header(frames + size, (uint32_t)size - RAW_HEADER, 5, 1, 0);
	raw_write(loop, peer, frames, 2 * size);
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

static void a_client_may_hear_the_last_answer(void **state)
{
	int other = dup(peer);

	(void)state;
	assert_serves(1);
	assert_int_equal(ttrpc_server_linger(server, 0.05), -ETIMEDOUT);
	shutdown(other, SHUT_WR);
	assert_int_equal(ttrpc_server_linger(server, 0.05), 0);
	close(other);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(calls_are_answered),
		CASE(one_table_serves_two_names),
		CASE(unknown_methods_are_unimplemented),
		CASE(streams_are_odd_and_rise),
		CASE(other_frames_do_no_harm),
		CASE(garbage_is_an_invalid_argument),
		CASE(metadata_is_found),
		CASE(failures_have_code_and_text),
		CASE(answers_are_told),
		CASE(requests_can_be_kept),
		CASE(answers_come_in_any_order),
		CASE(peers_may_go_with_calls_waiting),
		CASE(calls_outlive_their_server),
		CASE(handlers_may_free_the_server),
		CASE(half_a_frame_is_no_call),
		CASE(answers_can_be_flushed),
		CASE(a_client_may_hear_the_last_answer),
		CASE(any_stream_will_do),
		CASE(tables_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
