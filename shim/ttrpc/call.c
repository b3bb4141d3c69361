// SPDX-License-Identifier: GPL-2.0-or-later
/* A call, from its frame to its answer. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ttrpc/clock.h"
#include "ttrpc/decode.h"
#include "ttrpc/server_private.h"
#include "ttrpc/utf8.h"

/* Of what a peer is told went wrong. */
#define MAX_MESSAGE	4096

/**
 * struct ttrpc_call - see ttrpc.h
 * @peer:	NULL: nobody waits for the answer.
 * @envelope:	the frame's message; its payload is gone.
 * @timer:	of the caller's limit.
 * @deadline:	the same, of clock_seconds(); INFINITY: none.
 * @began:	when it came, of clock_seconds().
 * @held:	bytes of the frame, counted in the peer.
 * @expired:	the peer was told that it took too long.
 */
struct ttrpc_call {
	LIST_ENTRY(ttrpc_call) entry;
	struct ttrpc_server *server;
	struct peer *peer;
	uint32_t stream;
	size_t held;
	Ttrpc__Request *envelope;
	const ProtobufCMethodDescriptor *method;
	ProtobufCMessage *request;
	struct ev_timer timer;
	double deadline;
	double began;
	bool expired;
	void (*cancel)(struct ttrpc_call *call, void *context);
	void *cancel_context;
};

static void respond(struct connection *connection, uint32_t stream, const Ttrpc__Response *response)
{
	int r = connection_send(connection, stream, FRAME_RESPONSE, &response->base);

	/* Its caller would wait for ever. */
	if (r < 0)
		connection_fail(connection, r);
	else if (connection_unsent(connection) > TTRPC_OUTPUT_MAX)
		connection_fail(connection, -EMSGSIZE);
}

static void make_message(char message[MAX_MESSAGE], const char *format, va_list arguments)
{
	vsnprintf(message, MAX_MESSAGE, format, arguments);
	utf8_repair(message);
}

static void respond_failure(struct connection *connection, uint32_t stream, enum ttrpc_code code,
			    char *message)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;

	status.code = (int32_t)code;
	status.message = message;
	response.status = &status;
	respond(connection, stream, &response);
}

__attribute__((format(printf, 4, 5)))
static void refuse(struct peer *peer, uint32_t stream, enum ttrpc_code code, const char *format,
		   ...)
{
	char message[MAX_MESSAGE];
	va_list arguments;

	va_start(arguments, format);
	make_message(message, format, arguments);
	va_end(arguments);
	respond_failure(peer->connection, stream, code, message);
}

static void tell_answered(const struct ttrpc_call *call, enum ttrpc_code code, const char *message)
{
	const struct ttrpc_server *server = call->server;

	if (server->answered && !server->freed)
		server->answered(call, code, message, server->answered_context);
}

/* No longer the peer's, but still counted in the server, until it is answered. */
static void leave_peer(struct ttrpc_call *call)
{
	struct peer *peer = call->peer;

	/* The loop may be gone as well then. */
	if (!peer)
		return;
	ev_timer_stop(call->server->loop, &call->timer);
	LIST_REMOVE(call, entry);
	peer->nr_calls--;
	peer->held -= call->held;
	call->peer = NULL;
}

static void end(struct ttrpc_call *call)
{
	struct ttrpc_server *server = call->server;

	server_enter(server);
	leave_peer(call);
	server->nr_calls--;
	if (call->request)
		protobuf_c_message_free_unpacked(call->request, NULL);
	ttrpc__request__free_unpacked(call->envelope, NULL);
	free(call);
	server_leave(server);
}

static void cancelled(struct ttrpc_call *call)
{
	void (*cancel)(struct ttrpc_call *call, void *context) = call->cancel;

	call->cancel = NULL;
	if (cancel)
		cancel(call, call->cancel_context);
}

void peer_cancel_calls(struct peer *peer)
{
	struct ttrpc_call *call;

	while ((call = LIST_FIRST(&peer->calls))) {
		leave_peer(call);
		cancelled(call);
	}
}

/* It still counts as the peer's, which could pile up such calls otherwise. */
static void on_deadline(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct ttrpc_call *call = watcher->data;

	(void)events;
	ev_timer_stop(loop, watcher);
	call->expired = true;
	refuse(call->peer, call->stream, TTRPC_DEADLINE_EXCEEDED, "%s/%s: no answer within %.3f s",
	       call->envelope->service, call->envelope->method,
	       (double)call->envelope->timeout_nano / 1e9);
	tell_answered(call, TTRPC_DEADLINE_EXCEEDED, "its time limit is over");
	cancelled(call);
}

static void start_timer(struct ttrpc_call *call, struct ev_loop *loop)
{
	double seconds = (double)call->envelope->timeout_nano / 1e9;

	call->deadline = INFINITY;
	call->began = clock_seconds();
	ev_timer_init(&call->timer, on_deadline, seconds, 0);
	call->timer.data = call;
	if (!call->envelope->timeout_nano)
		return;
	/* The loop's time is that of the last wait. */
	ev_now_update(loop);
	call->deadline = clock_seconds() + seconds;
	ev_timer_start(loop, &call->timer);
}

static void drop_payload(Ttrpc__Request *envelope)
{
	free(envelope->payload.data);
	envelope->payload = (ProtobufCBinaryData){ 0 };
}

/* Owns @envelope and @request, unless it returns NULL. */
static struct ttrpc_call *call_new(struct peer *peer, const struct frame *frame,
				   Ttrpc__Request *envelope,
				   const ProtobufCMethodDescriptor *method,
				   ProtobufCMessage *request)
{
	struct ttrpc_call *call = calloc(1, sizeof(*call));

	if (!call)
		return NULL;
	call->server = peer->server;
	call->peer = peer;
	call->stream = frame->stream;
	call->held = frame->length;
	call->envelope = envelope;
	call->method = method;
	call->request = request;
	drop_payload(envelope);
	LIST_INSERT_HEAD(&peer->calls, call, entry);
	peer->nr_calls++;
	peer->held += call->held;
	peer->server->nr_calls++;
	start_timer(call, peer->server->loop);
	return call;
}

static bool is_full(const struct peer *peer, uint32_t length)
{
	return peer->nr_calls >= TTRPC_MAX_CALLS || peer->held + length > TTRPC_MAX_HELD ||
	       peer->server->nr_calls >= MAX_SERVER_CALLS;
}

/* False: it was refused, and @envelope is still the caller's. */
static bool dispatch(struct peer *peer, const struct frame *frame, Ttrpc__Request *envelope)
{
	const struct ttrpc_service *service = service_find(peer->server, envelope->service);
	const struct ttrpc_method *method = service ? method_find(service, envelope->method) : NULL;
	const ProtobufCMethodDescriptor *descriptor;
	ProtobufCMessage *request;
	struct ttrpc_call *call;

	if (!method || frame->flags & FRAME_REMOTE_OPEN) {
		refuse(peer, frame->stream, TTRPC_UNIMPLEMENTED, "%s %.256s/%.256s is not served",
		       !service ? "service" : !method ? "method" : "stream", envelope->service,
		       envelope->method);
		return false;
	}
	descriptor = method_descriptor(service, method->name);
	request = message_decode(descriptor->input, envelope->payload.data,
				 envelope->payload.len);
	if (!request) {
		refuse(peer, frame->stream, TTRPC_INVALID_ARGUMENT,
		       "%s/%s: %zu bytes are no %s, or too many fields", envelope->service,
		       envelope->method, envelope->payload.len, descriptor->input->name);
		return false;
	}
	call = call_new(peer, frame, envelope, descriptor, request);
	if (!call) {
		protobuf_c_message_free_unpacked(request, NULL);
		refuse(peer, frame->stream, TTRPC_RESOURCE_EXHAUSTED, "out of memory");
		return false;
	}
	method->handle(call, request, service->context);
	return true;
}

static void take_request(struct peer *peer, const struct frame *frame)
{
	Ttrpc__Request *envelope =
		(void *)message_decode(&ttrpc__request__descriptor, frame->data, frame->length);

	if (!envelope)
		refuse(peer, frame->stream, TTRPC_INVALID_ARGUMENT,
		       "%u bytes are no ttrpc.Request, or too many fields", frame->length);
	else if (!dispatch(peer, frame, envelope))
		ttrpc__request__free_unpacked(envelope, NULL);
}

void peer_take_frame(struct peer *peer, const struct frame *frame)
{
	uint32_t stream = frame->stream;

	if (frame->type == FRAME_DATA) {
		refuse(peer, stream, TTRPC_INVALID_ARGUMENT, "stream %u is not open", stream);
		return;
	}
	/* Of what a server never gets, or of a newer protocol. */
	if (frame->type != FRAME_REQUEST)
		return;
	if (stream % 2 == 0 || stream <= peer->last_stream) {
		refuse(peer, stream, TTRPC_INVALID_ARGUMENT,
		       "stream %u: must be odd and above %u", stream, peer->last_stream);
		return;
	}
	peer->last_stream = stream;
	if (!frame->data)
		refuse(peer, stream, TTRPC_RESOURCE_EXHAUSTED,
		       "a request of %u bytes; the limit is %u", frame->length, TTRPC_MAX_DATA);
	else if (is_full(peer, frame->length))
		refuse(peer, stream, TTRPC_RESOURCE_EXHAUSTED,
		       "%zu calls of %zu bytes have no answer yet", peer->nr_calls, peer->held);
	else
		take_request(peer, frame);
}

static bool is_awaited(const struct ttrpc_call *call)
{
	return call->peer && !call->expired;
}

static void fail(struct ttrpc_call *call, enum ttrpc_code code, const char *format,
		 va_list arguments)
{
	char message[MAX_MESSAGE];

	if (is_awaited(call)) {
		make_message(message, format, arguments);
		tell_answered(call, code, message);
		respond_failure(call->peer->connection, call->stream, code, message);
	}
	end(call);
}

void ttrpc_call_fail(struct ttrpc_call *call, enum ttrpc_code code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail(call, code == TTRPC_OK ? TTRPC_UNKNOWN : code, format, arguments);
	va_end(arguments);
}

void ttrpc_call_fail_errno(struct ttrpc_call *call, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail(call, error ? ttrpc_code_from_errno(error) : TTRPC_UNKNOWN, format, arguments);
	va_end(arguments);
}

/* 0, -EINVAL: not the method's type; -EMSGSIZE; -ENOMEM. */
static int send_reply(struct ttrpc_call *call, const ProtobufCMessage *message)
{
	Ttrpc__Response response = TTRPC__RESPONSE__INIT;
	size_t bytes = protobuf_c_message_get_packed_size(message);

	if (message->descriptor != call->method->output)
		return -EINVAL;
	response.payload.data = malloc(bytes + 1);
	if (!response.payload.data)
		return -ENOMEM;
	response.payload.len = protobuf_c_message_pack(message, response.payload.data);
	bytes = ttrpc__response__get_packed_size(&response);
	if (bytes <= TTRPC_MAX_DATA) {
		tell_answered(call, TTRPC_OK, "");
		respond(call->peer->connection, call->stream, &response);
	}
	free(response.payload.data);
	return bytes <= TTRPC_MAX_DATA ? 0 : -EMSGSIZE;
}

void ttrpc_call_reply(struct ttrpc_call *call, const ProtobufCMessage *response)
{
	int r = is_awaited(call) ? send_reply(call, response) : 0;

	if (r < 0)
		ttrpc_call_fail(call, r == -EINVAL ? TTRPC_INTERNAL : TTRPC_RESOURCE_EXHAUSTED,
				"%s/%s: cannot send the answer, a %s: %s", call->envelope->service,
				call->envelope->method, response->descriptor->name, strerror(-r));
	else
		end(call);
}

void ttrpc_call_on_cancel(struct ttrpc_call *call,
			  void (*cancel)(struct ttrpc_call *call, void *context), void *context)
{
	call->cancel = cancel;
	call->cancel_context = context;
}

bool ttrpc_call_cancelled(const struct ttrpc_call *call)
{
	return !is_awaited(call);
}

ProtobufCMessage *ttrpc_call_take_request(struct ttrpc_call *call)
{
	ProtobufCMessage *request = call->request;

	call->request = NULL;
	return request;
}

const char *ttrpc_call_metadata(const struct ttrpc_call *call, const char *key)
{
	for (size_t i = 0; i < call->envelope->n_metadata; i++)
		if (!strcmp(call->envelope->metadata[i]->key, key))
			return call->envelope->metadata[i]->value;
	return NULL;
}

double ttrpc_call_remaining(const struct ttrpc_call *call)
{
	return call->deadline - clock_seconds();
}

double ttrpc_call_age(const struct ttrpc_call *call)
{
	return clock_seconds() - call->began;
}

const char *ttrpc_call_service(const struct ttrpc_call *call)
{
	return call->envelope->service;
}

const char *ttrpc_call_method(const struct ttrpc_call *call)
{
	return call->envelope->method;
}
