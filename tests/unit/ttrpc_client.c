// SPDX-License-Identifier: GPL-2.0-or-later
/* A client of ttrpc against its own server, and against peers that make things up. */
#include "ttrpc_raw.h"

#include <stdio.h>

#include "containerd/task.pb-c.h"

#define TASK	(&containerd__task__v2__task__descriptor)
#define NR_MANY	10000

/* What became of a call. */
struct outcome {
	unsigned int times;
	enum ttrpc_code code;
	char message[256];
	ProtobufCMessage *response;
	bool keep;
	bool free_client;
	bool call_again;
};

static struct ev_loop *loop;
static struct ttrpc_client *client;
static struct ttrpc_server *server;
static int peer;
static int closed_error;
static unsigned int nr_closed;
static struct ttrpc_call *kept[NR_MANY];
static size_t nr_kept;

static void on_closed(int error, void *context)
{
	assert_ptr_equal(context, &nr_closed);
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
	assert_int_equal(ttrpc_client_new(loop, ends[0], &client), 0);
	ttrpc_client_on_closed(client, on_closed, &nr_closed);
	peer = ends[1];
	server = NULL;
	nr_closed = 0;
	nr_kept = 0;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	ttrpc_client_free(client);
	client = NULL;
	ttrpc_server_free(server);
	if (peer >= 0)
		close(peer);
	ev_loop_destroy(loop);
	return 0;
}

static int call_wait(struct outcome *outcome, const char *id, double seconds,
		     struct ttrpc_pending **ret_pending);

static void on_done(struct ttrpc_result *result, void *context)
{
	struct outcome *outcome = context;

	outcome->times++;
	outcome->code = result->code;
	assert_non_null(result->message);
	assert_true(!result->response == (result->code != TTRPC_OK));
	snprintf(outcome->message, sizeof(outcome->message), "%s", result->message);
	if (outcome->keep) {
		outcome->response = result->response;
		result->response = NULL;
	}
	if (outcome->free_client) {
		ttrpc_client_free(client);
		client = NULL;
	}
	if (outcome->call_again) {
		outcome->call_again = false;
		outcome->times--;
		assert_int_equal(call_wait(outcome, "again", 0, NULL), 0);
	}
}

static int call_wait(struct outcome *outcome, const char *id, double seconds,
		     struct ttrpc_pending **ret_pending)
{
	Containerd__Task__V2__WaitRequest request = CONTAINERD__TASK__V2__WAIT_REQUEST__INIT;

	request.id = (char *)(uintptr_t)id;
	return ttrpc_client_call(client, TASK, NULL, "Wait", &request.base, seconds, NULL, on_done,
				 outcome, ret_pending);
}

/* Takes the next request from the wire. */
static uint32_t take_request(Ttrpc__Request **ret_request)
{
	struct raw_frame frame = raw_receive(loop, peer);
	Ttrpc__Request *request = ttrpc__request__unpack(NULL, frame.length, frame.data);

	assert_non_null(request);
	assert_int_equal(frame.type, 1);
	assert_int_equal(frame.flags, 0);
	free(frame.data);
	if (ret_request)
		*ret_request = request;
	else
		ttrpc__request__free_unpacked(request, NULL);
	return frame.stream;
}

static void send_response(uint32_t stream, int32_t code, const char *message, const void *payload,
			  size_t size)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
	uint8_t *bytes = malloc(size + 300);

	assert_non_null(bytes);
	status.code = code;
	status.message = (char *)(uintptr_t)message;
	response.status = message ? &status : NULL;
	response.payload.data = (uint8_t *)(uintptr_t)payload;
	response.payload.len = size;
	raw_send(loop, peer, stream, 2, bytes, ttrpc__response__pack(&response, bytes));
	free(bytes);
}

static void requests_are_as_the_protocol_says(void **state)
{
	static const struct ttrpc_metadata metadata[] = {
		{ "containerd-namespace-ttrpc", "default" },
		{ "traceparent", "00-01" },
		{ NULL, NULL },
	};
	Containerd__Task__V2__WaitRequest request = CONTAINERD__TASK__V2__WAIT_REQUEST__INIT;
	Containerd__Task__V2__WaitRequest *payload;
	static struct outcome outcome;
	Ttrpc__Request *envelope;

	(void)state;
	request.id = "c1";
	assert_int_equal(ttrpc_client_call(client, TASK, "other.Task", "Wait", &request.base, 2.5,
					   metadata, on_done, &outcome, NULL),
			 0);
	assert_int_equal(take_request(&envelope), 1);
	assert_string_equal(envelope->service, "other.Task");
	assert_string_equal(envelope->method, "Wait");
	assert_int_equal(envelope->timeout_nano, 2500000000LL);
	assert_int_equal(envelope->n_metadata, 2);
	assert_string_equal(envelope->metadata[1]->key, "traceparent");
	assert_string_equal(envelope->metadata[1]->value, "00-01");
	payload = containerd__task__v2__wait_request__unpack(NULL, envelope->payload.len,
							     envelope->payload.data);
	assert_non_null(payload);
	assert_string_equal(payload->id, "c1");
	containerd__task__v2__wait_request__free_unpacked(payload, NULL);
	ttrpc__request__free_unpacked(envelope, NULL);
	assert_int_equal(call_wait(&outcome, "c2", 0, NULL), 0);
	assert_int_equal(take_request(&envelope), 3);
	assert_string_equal(envelope->service, "containerd.task.v2.Task");
	assert_int_equal(envelope->timeout_nano, 0);
	assert_int_equal(envelope->n_metadata, 0);
	ttrpc__request__free_unpacked(envelope, NULL);
	assert_int_equal(ttrpc_client_pending(client), 2);
}

static void answers_find_their_call(void **state)
{
	struct outcome outcomes[3] = { { .keep = true }, { 0 }, { 0 } };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_wait(&outcomes[i], "c1", 0, NULL), 0);
	assert_int_equal(outcomes[0].times, 0);
	send_response(5, 5, "no such thing", NULL, 0);
	UNTIL(outcomes[2].times);
	assert_int_equal(outcomes[2].code, TTRPC_NOT_FOUND);
	assert_string_equal(outcomes[2].message, "no such thing");
	/* Success is no status, or one of 0. */
	send_response(1, 0, NULL, "\x08\x2a", 2);
	send_response(3, 0, "", "", 0);
	UNTIL(outcomes[0].times && outcomes[1].times);
	assert_int_equal(outcomes[1].code, TTRPC_OK);
	assert_int_equal(
		((Containerd__Task__V2__WaitResponse *)outcomes[0].response)->exit_status, 42);
	protobuf_c_message_free_unpacked(outcomes[0].response, NULL);
	assert_int_equal(ttrpc_client_pending(client), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(outcomes[i].times, 1);
}

static void answers_without_a_call_are_ignored(void **state)
{
	struct outcome outcome = { 0 };

	(void)state;
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
	send_response(3, 0, NULL, NULL, 0);
	send_response(0, 0, NULL, NULL, 0);
	raw_send(loop, peer, 1, 1, "", 0);
	raw_send(loop, peer, 1, 3, "data", 4);
	assert_int_equal(outcome.times, 0);
	send_response(1, 0, NULL, NULL, 0);
	send_response(1, 0, NULL, NULL, 0);
	for (int i = 0; i < 10; i++)
		raw_turn(loop);
	assert_int_equal(outcome.times, 1);
	assert_int_equal(nr_closed, 0);
}

static void wrong_answers_are_failures(void **state)
{
	static const int32_t codes[] = { -1, 17, 1000, INT32_MIN };
	struct outcome outcomes[8] = { 0 };
	uint8_t header[RAW_HEADER], *bytes = calloc(1, TTRPC_MAX_DATA + 1);

	(void)state;
	assert_non_null(bytes);
	for (int i = 0; i < 7; i++)
		assert_int_equal(call_wait(&outcomes[i], "c1", 0, NULL), 0);
	for (uint32_t i = 0; i < 4; i++)
		send_response(2 * i + 1, codes[i], "odd", NULL, 0);
	send_response(9, 0, NULL, "\x0a\x7f", 2);
	raw_send(loop, peer, 11, 2, "\xff", 1);
	raw_header(header, TTRPC_MAX_DATA + 1, 13, 2, 0);
	raw_write(loop, peer, header, sizeof(header));
	raw_write(loop, peer, bytes, TTRPC_MAX_DATA + 1);
	UNTIL(outcomes[6].times);
	for (int i = 0; i < 4; i++)
		assert_int_equal(outcomes[i].code, TTRPC_UNKNOWN);
	assert_int_equal(outcomes[4].code, TTRPC_INTERNAL);
	assert_non_null(strstr(outcomes[4].message, "containerd.task.v2.Task/Wait: "));
	assert_non_null(strstr(outcomes[4].message, "containerd.task.v2.WaitResponse"));
	assert_int_equal(outcomes[5].code, TTRPC_INTERNAL);
	assert_int_equal(outcomes[6].code, TTRPC_RESOURCE_EXHAUSTED);
	free(bytes);
	/* The connection is as good as before. */
	assert_int_equal(call_wait(&outcomes[7], "c1", 0, NULL), 0);
	send_response(15, 0, NULL, NULL, 0);
	UNTIL(outcomes[7].times);
	assert_int_equal(outcomes[7].code, TTRPC_OK);
}

static void calls_have_time_limits(void **state)
{
	struct outcome outcome = { 0 }, other = { 0 };
	double before = raw_now();

	(void)state;
	assert_int_equal(call_wait(&outcome, "c1", 0.1, NULL), 0);
	assert_int_equal(call_wait(&other, "c1", 10, NULL), 0);
	UNTIL(outcome.times);
	assert_true(raw_now() - before >= 0.09);
	assert_int_equal(outcome.code, TTRPC_DEADLINE_EXCEEDED);
	assert_non_null(strstr(outcome.message, "Task/Wait: no answer within 0.100 s"));
	/* Too late. */
	send_response(1, 0, NULL, NULL, 0);
	assert_int_equal(outcome.times, 1);
	send_response(3, 0, NULL, NULL, 0);
	UNTIL(other.times);
	assert_int_equal(other.code, TTRPC_OK);
}

static void cancelled_calls_are_forgotten(void **state)
{
	struct outcome outcome = { 0 }, other = { 0 };
	struct ttrpc_pending *pending;

	(void)state;
	assert_int_equal(call_wait(&outcome, "c1", 0.05, &pending), 0);
	assert_int_equal(call_wait(&other, "c1", 0, NULL), 0);
	ttrpc_client_cancel(pending);
	assert_int_equal(ttrpc_client_pending(client), 1);
	send_response(1, 0, NULL, NULL, 0);
	usleep(100000);
	send_response(3, 0, NULL, NULL, 0);
	UNTIL(other.times);
	assert_int_equal(outcome.times, 0);
}

static void lost_connections_end_all_calls(void **state)
{
	struct outcome outcomes[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_wait(&outcomes[i], "c1", i * 5.0, NULL), 0);
	take_request(NULL);
	take_request(NULL);
	take_request(NULL);
	close(peer);
	peer = -1;
	UNTIL(nr_closed);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].code, TTRPC_UNAVAILABLE);
		assert_non_null(strstr(outcomes[i].message, "Wait: connection closed"));
	}
	assert_int_equal(closed_error, 0);
	assert_int_equal(call_wait(&outcomes[0], "c1", 0, NULL), -ENOTCONN);
	assert_int_equal(outcomes[0].times, 1);
	assert_int_equal(nr_closed, 1);
}

/* The peer left without reading: the kernel says so at the next write. */
static void broken_pipes_are_no_signals(void **state)
{
	struct outcome outcome = { 0 }, other = { 0 };

	(void)state;
	close(peer);
	peer = -1;
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
	/* Not from within the call. */
	assert_int_equal(outcome.times, 0);
	assert_int_equal(call_wait(&other, "c1", 0, NULL), -ENOTCONN);
	UNTIL(nr_closed);
	assert_int_equal(outcome.code, TTRPC_UNAVAILABLE);
	assert_int_equal(closed_error, -EPIPE);
	assert_int_equal(other.times, 0);
}

static void freeing_ends_all_calls(void **state)
{
	struct outcome outcomes[2] = { 0 };

	(void)state;
	assert_int_equal(call_wait(&outcomes[0], "c1", 0, NULL), 0);
	assert_int_equal(call_wait(&outcomes[1], "c1", 9, NULL), 0);
	ttrpc_client_free(client);
	client = NULL;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].code, TTRPC_CANCELED);
	}
	assert_int_equal(nr_closed, 0);
	/* Twice the same: the requests; then the end. */
	take_request(NULL);
	take_request(NULL);
	assert_true(raw_is_closed(loop, peer));
	ttrpc_client_free(NULL);
}

static void callbacks_may_free_the_client(void **state)
{
	struct outcome outcomes[3] = { { 0 }, { .free_client = true }, { 0 } };

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(call_wait(&outcomes[i], "c1", 0, NULL), 0);
	send_response(3, 0, NULL, NULL, 0);
	UNTIL(outcomes[1].times);
	assert_null(client);
	assert_int_equal(outcomes[1].code, TTRPC_OK);
	assert_int_equal(outcomes[0].code, TTRPC_CANCELED);
	assert_int_equal(outcomes[2].code, TTRPC_CANCELED);
}

static void callbacks_may_call(void **state)
{
	struct outcome outcome = { .call_again = true };

	(void)state;
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
	assert_int_equal(take_request(NULL), 1);
	send_response(1, 0, NULL, NULL, 0);
	assert_int_equal(take_request(NULL), 3);
	assert_int_equal(outcome.times, 0);
	send_response(3, 0, NULL, NULL, 0);
	UNTIL(outcome.times == 1);
}

static void mistakes_are_refused(void **state)
{
	Containerd__Task__V2__StateRequest request = CONTAINERD__TASK__V2__STATE_REQUEST__INIT;
	struct outcome outcome = { 0 };
	char *id = malloc(TTRPC_MAX_DATA + 1);
	struct ttrpc_client *none = NULL;

	(void)state;
	assert_non_null(id);
	assert_int_equal(ttrpc_client_call(client, TASK, NULL, "Wait", &request.base, 0, NULL,
					   on_done, &outcome, NULL),
			 -EINVAL);
	assert_int_equal(ttrpc_client_call(client, TASK, NULL, "Nothing", &request.base, 0, NULL,
					   on_done, &outcome, NULL),
			 -EINVAL);
	memset(id, 'x', TTRPC_MAX_DATA);
	id[TTRPC_MAX_DATA] = 0;
	assert_int_equal(call_wait(&outcome, id, 0, NULL), -EMSGSIZE);
	/* The envelope counts, too. */
	id[TTRPC_MAX_DATA - 10] = 0;
	assert_int_equal(call_wait(&outcome, id, 0, NULL), -EMSGSIZE);
	free(id);
	assert_true(raw_is_silent(loop, peer));
	assert_int_equal(ttrpc_client_pending(client), 0);
	assert_int_equal(outcome.times, 0);
	assert_int_equal(ttrpc_client_new(loop, -1, &none), -EBADF);
	assert_null(none);
}

/* A server that does not read makes no client grow without bound. */
static void unread_requests_have_a_limit(void **state)
{
	static struct outcome outcome;
	char *id = malloc(1 << 20);
	unsigned int calls = 0;
	int r;

	(void)state;
	assert_non_null(id);
	memset(id, 'x', (1 << 20) - 1);
	id[(1 << 20) - 1] = 0;
	while (!(r = call_wait(&outcome, id, 0, NULL)) && calls < 1000)
		calls++;
	assert_int_equal(r, -ENOBUFS);
	assert_in_range(calls, TTRPC_OUTPUT_MAX >> 20, (TTRPC_OUTPUT_MAX >> 20) + 4);
	free(id);
	assert_int_equal(nr_closed, 0);
	for (unsigned int i = 0; i < calls; i++)
		assert_int_equal(take_request(NULL), 2 * i + 1);
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
}

static void waiting_calls_have_a_limit(void **state)
{
	static struct outcome outcome;
	static uint8_t ignored[1 << 16];

	(void)state;
	for (unsigned int i = 0; i < TTRPC_MAX_CALLS; i++) {
		assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
		while (recv(peer, ignored, sizeof(ignored), 0) > 0)
			;
	}
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), -ENOBUFS);
	send_response(1, 0, NULL, NULL, 0);
	UNTIL(outcome.times == 1);
	assert_int_equal(call_wait(&outcome, "c1", 0, NULL), 0);
}

static void keep_call(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	(void)message;
	(void)context;
	kept[nr_kept++] = call;
}

static void answer_state(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	Containerd__Task__V2__StateResponse response = CONTAINERD__TASK__V2__STATE_RESPONSE__INIT;

	(void)context;
	response.id = ((const Containerd__Task__V2__StateRequest *)message)->id;
	ttrpc_call_reply(call, &response.base);
}

static const struct ttrpc_method methods[] = {
	{ "Wait", keep_call },
	{ "State", answer_state },
	{ NULL, NULL },
};
static const struct ttrpc_service service = { &containerd__task__v2__task__descriptor, NULL,
					      methods, NULL };

static void serve(void)
{
	assert_int_equal(ttrpc_server_new(loop, &service, 1, &server), 0);
	assert_int_equal(ttrpc_server_add(server, peer), 0);
	peer = -1;
}

static void client_and_server_understand_each_other(void **state)
{
	Containerd__Task__V2__StateRequest request = CONTAINERD__TASK__V2__STATE_REQUEST__INIT;
	struct outcome outcome = { .keep = true };
	size_t size = TTRPC_MAX_DATA - 100;

	(void)state;
	serve();
	request.id = malloc(size + 1);
	assert_non_null(request.id);
	memset(request.id, 'x', size);
	request.id[size] = 0;
	assert_int_equal(ttrpc_client_call(client, TASK, NULL, "State", &request.base, 10, NULL,
					   on_done, &outcome, NULL),
			 0);
	UNTIL(outcome.times);
	assert_int_equal(outcome.code, TTRPC_OK);
	assert_string_equal(((Containerd__Task__V2__StateResponse *)outcome.response)->id,
			    request.id);
	protobuf_c_message_free_unpacked(outcome.response, NULL);
	free(request.id);
}

static void ten_thousand_wait_at_both_ends(void **state)
{
	Containerd__Task__V2__WaitResponse response = CONTAINERD__TASK__V2__WAIT_RESPONSE__INIT;
	struct outcome *outcomes = calloc(NR_MANY, sizeof(*outcomes));
	size_t last = 0;

	(void)state;
	assert_non_null(outcomes);
	serve();
	for (size_t i = 0; i < NR_MANY; i++)
		assert_int_equal(call_wait(&outcomes[i], "c1", i % 2 ? 60 : 0, NULL), 0);
	UNTIL(nr_kept == NR_MANY);
	assert_int_equal(ttrpc_client_pending(client), NR_MANY);
	/* The last first: each list of the client's is searched to its end. */
	for (size_t i = NR_MANY; i; i--)
		ttrpc_call_reply(kept[i - 1], &response.base);
	UNTIL(!ttrpc_client_pending(client));
	for (size_t i = 0; i < NR_MANY; i++) {
		assert_int_equal(outcomes[i].times, 1);
		assert_int_equal(outcomes[i].code, TTRPC_OK);
		last = i;
	}
	assert_int_equal(last, NR_MANY - 1);
	free(outcomes);
}

static void addresses_are_unix_sockets(void **state)
{
	char long_one[200];
	int fd = -7;

	(void)state;
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = 0;
	assert_int_equal(ttrpc_connect("", &fd), -EINVAL);
	assert_int_equal(ttrpc_connect("unix://", &fd), -EINVAL);
	assert_int_equal(ttrpc_connect(long_one, &fd), -ENAMETOOLONG);
	assert_int_equal(ttrpc_connect("/nothing/here", &fd), -ENOENT);
	assert_int_equal(ttrpc_connect("unix:///nothing/here", &fd), -ENOENT);
	assert_int_equal(ttrpc_connect("@nothing-here", &fd), -ECONNREFUSED);
	assert_int_equal(fd, -7);
}

#define CASE(name)	cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(requests_are_as_the_protocol_says),
		CASE(answers_find_their_call),
		CASE(answers_without_a_call_are_ignored),
		CASE(wrong_answers_are_failures),
		CASE(calls_have_time_limits),
		CASE(cancelled_calls_are_forgotten),
		CASE(lost_connections_end_all_calls),
		CASE(broken_pipes_are_no_signals),
		CASE(freeing_ends_all_calls),
		CASE(callbacks_may_free_the_client),
		CASE(callbacks_may_call),
		CASE(mistakes_are_refused),
		CASE(unread_requests_have_a_limit),
		CASE(waiting_calls_have_a_limit),
		CASE(client_and_server_understand_each_other),
		CASE(ten_thousand_wait_at_both_ends),
		CASE(addresses_are_unix_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
