// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ttrpc/connection.h"
#include "ttrpc/decode.h"
#include "ttrpc/ttrpc.h"
#include "ttrpc.pb-c.h"

#define NR_BUCKETS	64
/* Of ours; a server's may be longer. */
#define MAX_MESSAGE	512
/* What fits into 63 bits of nanoseconds. */
#define MAX_SECONDS	9e9

LIST_HEAD(pending_list, ttrpc_pending);

struct ttrpc_pending {
	LIST_ENTRY(ttrpc_pending) entry;
	struct ttrpc_client *client;
	uint32_t stream;
	const ProtobufCServiceDescriptor *service;
	const ProtobufCMethodDescriptor *method;
	double seconds;
	struct ev_timer timer;
	ttrpc_done done;
	void *context;
};

/**
 * struct ttrpc_client - see ttrpc.h
 * @connection:	NULL: it is lost.
 * @busy:	callbacks that it is in; freed memory goes when there are none.
 * @last_stream: number of the newest call.
 * @waiting:	calls by their stream's number.
 */
struct ttrpc_client {
	struct ev_loop *loop;
	struct connection *connection;
	unsigned int busy;
	bool freed;
	uint32_t last_stream;
	struct pending_list waiting[NR_BUCKETS];
	size_t nr_waiting;
	void (*closed)(int error, void *context);
	void *closed_context;
};

static void enter(struct ttrpc_client *client)
{
	client->busy++;
}

static void leave(struct ttrpc_client *client)
{
	if (!--client->busy && client->freed)
		free(client);
}

/* Consecutive calls' numbers are odd. */
static struct pending_list *bucket(struct ttrpc_client *client, uint32_t stream)
{
	return &client->waiting[stream / 2 % NR_BUCKETS];
}

static struct ttrpc_pending *find(struct ttrpc_client *client, uint32_t stream)
{
	struct ttrpc_pending *pending;

	LIST_FOREACH(pending, bucket(client, stream), entry)
		if (pending->stream == stream)
			return pending;
	return NULL;
}

static void forget(struct ttrpc_pending *pending)
{
	LIST_REMOVE(pending, entry);
	pending->client->nr_waiting--;
	ev_timer_stop(pending->client->loop, &pending->timer);
	free(pending);
}

void ttrpc_client_cancel(struct ttrpc_pending *pending)
{
	forget(pending);
}

static void finish(struct ttrpc_pending *pending, struct ttrpc_result *result)
{
	struct ttrpc_client *client = pending->client;
	ttrpc_done done = pending->done;
	void *context = pending->context;

	enter(client);
	forget(pending);
	done(result, context);
	if (result->response)
		protobuf_c_message_free_unpacked(result->response, NULL);
	leave(client);
}

__attribute__((format(printf, 3, 4)))
static void finish_failed(struct ttrpc_pending *pending, enum ttrpc_code code, const char *format,
			  ...)
{
	char message[MAX_MESSAGE];
	struct ttrpc_result result = { .code = code, .message = message };
	va_list arguments;
	int length = snprintf(message, sizeof(message), "%.128s/%.128s: ", pending->service->name,
			      pending->method->name);

	va_start(arguments, format);
	vsnprintf(message + length, sizeof(message) - (size_t)length, format, arguments);
	va_end(arguments);
	finish(pending, &result);
}

static void finish_all(struct ttrpc_client *client, enum ttrpc_code code, const char *why)
{
	for (size_t i = 0; i < NR_BUCKETS; i++)
		while (!LIST_EMPTY(&client->waiting[i]))
			finish_failed(LIST_FIRST(&client->waiting[i]), code, "%s", why);
}

static enum ttrpc_code known_code(int32_t code)
{
	return code > TTRPC_OK && code <= TTRPC_UNAUTHENTICATED ? (enum ttrpc_code)code :
								  TTRPC_UNKNOWN;
}

static void finish_answered(struct ttrpc_pending *pending, const Ttrpc__Response *answer)
{
	struct ttrpc_result result = { .message = "" };

	if (answer->status && answer->status->code) {
		result.code = known_code(answer->status->code);
		result.message = answer->status->message;
		finish(pending, &result);
		return;
	}
	result.response = message_decode(pending->method->output, answer->payload.data,
					 answer->payload.len);
	if (result.response)
		finish(pending, &result);
	else
		finish_failed(pending, TTRPC_INTERNAL,
			      "the answer's %zu bytes are no %s, or too many fields",
			      answer->payload.len, pending->method->output->name);
}

static void take_response(struct ttrpc_pending *pending, const struct frame *frame)
{
	Ttrpc__Response *answer;

	if (!frame->data) {
		finish_failed(pending, TTRPC_RESOURCE_EXHAUSTED,
			      "an answer of %u bytes; the limit is %u", frame->length,
			      TTRPC_MAX_DATA);
		return;
	}
	answer = (void *)message_decode(&ttrpc__response__descriptor, frame->data, frame->length);
	if (!answer) {
		finish_failed(pending, TTRPC_INTERNAL,
			      "%u bytes are no ttrpc.Response, or too many fields",
			      frame->length);
		return;
	}
	finish_answered(pending, answer);
	ttrpc__response__free_unpacked(answer, NULL);
}

/* An answer that nobody waits for is one to a call that was given up. */
static void on_frame(void *owner, const struct frame *frame)
{
	struct ttrpc_client *client = owner;
	struct ttrpc_pending *pending =
		frame->type == FRAME_RESPONSE ? find(client, frame->stream) : NULL;

	if (pending)
		take_response(pending, frame);
}

static void on_lost(void *owner, int error)
{
	struct ttrpc_client *client = owner;

	enter(client);
	connection_close(client->connection);
	client->connection = NULL;
	finish_all(client, TTRPC_UNAVAILABLE, error ? strerror(-error) : "connection closed");
	if (!client->freed && client->closed)
		client->closed(error, client->closed_context);
	leave(client);
}

static const struct connection_ops ops = { .frame = on_frame, .lost = on_lost };

int ttrpc_client_new(struct ev_loop *loop, int fd, struct ttrpc_client **ret_client)
{
	struct ttrpc_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->loop = loop;
	for (size_t i = 0; i < NR_BUCKETS; i++)
		LIST_INIT(&client->waiting[i]);
	r = connection_new(loop, fd, &ops, client, &client->connection);
	if (r < 0) {
		free(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

void ttrpc_client_on_closed(struct ttrpc_client *client,
			    void (*closed)(int error, void *context), void *context)
{
	client->closed = closed;
	client->closed_context = context;
}

static void on_timeout(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct ttrpc_pending *pending = watcher->data;

	(void)loop;
	(void)events;
	finish_failed(pending, TTRPC_DEADLINE_EXCEEDED, "no answer within %.3f s",
		      pending->seconds);
}

static size_t count_metadata(const struct ttrpc_metadata *metadata)
{
	size_t nr = 0;

	while (metadata && metadata[nr].key)
		nr++;
	return nr;
}

/* protobuf-c has no const messages. */
static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int send_with_metadata(struct connection *connection, uint32_t stream,
			      Ttrpc__Request *envelope, const struct ttrpc_metadata *metadata)
{
	size_t nr = count_metadata(metadata);
	Ttrpc__KeyValue *pairs = calloc(nr + 1, sizeof(*pairs));
	Ttrpc__KeyValue **pointers = calloc(nr + 1, sizeof(Ttrpc__KeyValue *));
	int r = -ENOMEM;

	if (pairs && pointers) {
		for (size_t i = 0; i < nr; i++) {
			ttrpc__key_value__init(&pairs[i]);
			pairs[i].key = unconst(metadata[i].key);
			pairs[i].value = unconst(metadata[i].value);
			pointers[i] = &pairs[i];
		}
		envelope->n_metadata = nr;
		envelope->metadata = pointers;
		r = connection_send(connection, stream, FRAME_REQUEST, &envelope->base);
	}
	free(pointers);
	free(pairs);
	return r;
}

static int send_request(struct ttrpc_pending *pending, const char *name,
			const ProtobufCMessage *request, const struct ttrpc_metadata *metadata)
{
	Ttrpc__Request envelope = TTRPC__REQUEST__INIT;
	size_t bytes = protobuf_c_message_get_packed_size(request);
	int r;

	envelope.service = unconst(name ? name : pending->service->name);
	envelope.method = unconst(pending->method->name);
	envelope.timeout_nano = (int64_t)(fmin(fmax(pending->seconds, 0), MAX_SECONDS) * 1e9);
	envelope.payload.data = malloc(bytes + 1);
	if (!envelope.payload.data)
		return -ENOMEM;
	envelope.payload.len = protobuf_c_message_pack(request, envelope.payload.data);
	r = send_with_metadata(pending->client->connection, pending->stream, &envelope, metadata);
	free(envelope.payload.data);
	return r;
}

static int check_room(const struct ttrpc_client *client)
{
	if (!client->connection)
		return -ENOTCONN;
	if (client->nr_waiting >= TTRPC_MAX_CALLS ||
	    connection_unsent(client->connection) > TTRPC_OUTPUT_MAX)
		return -ENOBUFS;
	/* The numbers of this connection are used up. */
	return client->last_stream > UINT32_MAX - 2 ? -ENOBUFS : 0;
}

static struct ttrpc_pending *pending_new(struct ttrpc_client *client, double seconds)
{
	struct ttrpc_pending *pending = calloc(1, sizeof(*pending));

	if (!pending)
		return NULL;
	pending->client = client;
	/* 1, 3, 5, ... */
	pending->stream = client->last_stream + 1 + client->last_stream % 2;
	pending->seconds = seconds;
	ev_timer_init(&pending->timer, on_timeout, seconds, 0);
	pending->timer.data = pending;
	return pending;
}

static void wait_for_answer(struct ttrpc_pending *pending)
{
	struct ttrpc_client *client = pending->client;

	client->last_stream = pending->stream;
	client->nr_waiting++;
	LIST_INSERT_HEAD(bucket(client, pending->stream), pending, entry);
	if (pending->seconds <= 0)
		return;
	/* The loop's time is that of the last wait. */
	ev_now_update(client->loop);
	ev_timer_start(client->loop, &pending->timer);
}

int ttrpc_client_call(struct ttrpc_client *client, const ProtobufCServiceDescriptor *service,
		      const char *name, const char *method, const ProtobufCMessage *request,
		      double seconds, const struct ttrpc_metadata *metadata, ttrpc_done done,
		      void *context, struct ttrpc_pending **ret_pending)
{
	const ProtobufCMethodDescriptor *descriptor =
		protobuf_c_service_descriptor_get_method_by_name(service, method);
	struct ttrpc_pending *pending;
	int r = check_room(client);

	if (!descriptor || descriptor->input != request->descriptor)
		return -EINVAL;
	if (r < 0)
		return r;
	pending = pending_new(client, seconds);
	if (!pending)
		return -ENOMEM;
	pending->service = service;
	pending->method = descriptor;
	pending->done = done;
	pending->context = context;
	r = send_request(pending, name, request, metadata);
	if (r < 0) {
		free(pending);
		return r;
	}
	wait_for_answer(pending);
	if (ret_pending)
		*ret_pending = pending;
	return 0;
}

size_t ttrpc_client_pending(const struct ttrpc_client *client)
{
	return client->nr_waiting;
}

void ttrpc_client_free(struct ttrpc_client *client)
{
	if (!client || client->freed)
		return;
	enter(client);
	client->freed = true;
	connection_close(client->connection);
	client->connection = NULL;
	finish_all(client, TTRPC_CANCELED, "given up");
	leave(client);
}
