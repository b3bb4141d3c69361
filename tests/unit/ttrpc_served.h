/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of a server of ttrpc: one with handlers of all kinds, and its peer. */
#ifndef TESTS_UNIT_TTRPC_SERVED_H
#define TESTS_UNIT_TTRPC_SERVED_H

#include "ttrpc_raw.h"

#include <stdio.h>

#include "containerd/task.pb-c.h"

#define TASK		"containerd.task.v2.Task"
#define BUSY_SECONDS	0.3

static struct ev_loop *loop;
static struct ttrpc_server *server;
static int peer;

/* What the handlers saw. */
static struct ttrpc_call *kept[5 * TTRPC_MAX_CALLS];
static size_t nr_kept;
static size_t nr_cancelled;
static ProtobufCMessage *taken;
static size_t answer_size;
static int closed_error;
static unsigned int nr_closed;
static char seen_metadata[64];
static double seen_remaining;

static inline void handle_state(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
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

static inline void handle_wait(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
{
	(void)message;
	(void)context;
	assert_true(nr_kept < 5 * TTRPC_MAX_CALLS);
	kept[nr_kept++] = call;
}

static inline void handle_kill(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
{
	const Containerd__Task__V2__KillRequest *request = (const void *)message;

	(void)context;
	if (request->all)
		ttrpc_call_fail_errno(call, -ENOENT, "no container %s", request->id);
	else
		ttrpc_call_fail(call, request->signal, "bad \xff %s", request->id);
}

static inline void handle_exec(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
{
	Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;

	(void)context;
	assert_ptr_equal(ttrpc_call_take_request(call), message);
	assert_null(ttrpc_call_take_request(call));
	taken = (ProtobufCMessage *)(uintptr_t)message;
	ttrpc_call_reply(call, &response.base);
}

static inline void handle_stats(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
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

/* Does not let the loop go on for a while. */
static inline void handle_resume(struct ttrpc_call *call, const ProtobufCMessage *message,
				 void *context)
{
	Google__Protobuf__Empty response = GOOGLE__PROTOBUF__EMPTY__INIT;

	(void)message;
	(void)context;
	usleep((useconds_t)(BUSY_SECONDS * 1e6));
	ttrpc_call_reply(call, &response.base);
}

/* Answers with another method's type. */
static inline void handle_pids(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
{
	(void)context;
	ttrpc_call_reply(call, message);
}

static inline void handle_shutdown(struct ttrpc_call *call, const ProtobufCMessage *message,
				void *context)
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
	{ "State", handle_state },
	{ "Wait", handle_wait },
	{ "Kill", handle_kill },
	{ "Exec", handle_exec },
	{ "Stats", handle_stats },
	{ "Pids", handle_pids },
	{ "Resume", handle_resume },
	{ NULL, NULL },
};
static const struct ttrpc_method ending[] = { { "Shutdown", handle_shutdown }, { NULL, NULL } };

static const struct ttrpc_service services[] = {
	{ &containerd__task__v2__task__descriptor, NULL, methods, &server },
	{ &containerd__task__v2__task__descriptor, "containerd.task.v3.Task", methods, &server },
	{ &containerd__task__v2__task__descriptor, "ending", ending, NULL },
};

static inline void on_closed(int error, void *context)
{
	assert_ptr_equal(context, &closed_error);
	closed_error = error;
	nr_closed++;
}

static inline int start(void **state)
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

static inline int stop(void **state)
{
	(void)state;
	if (peer >= 0)
		close(peer);
	ttrpc_server_free(server);
	server = NULL;
	ev_loop_destroy(loop);
	return 0;
}

static inline void send_state(uint32_t stream, const char *service, const char *id, int64_t timeout)
{
	Containerd__Task__V2__StateRequest request = CONTAINERD__TASK__V2__STATE_REQUEST__INIT;

	request.id = (char *)(uintptr_t)id;
	raw_request(loop, peer, stream, service, "State", &request.base, timeout);
}

static inline void send_wait(uint32_t stream, int64_t timeout)
{
	Containerd__Task__V2__WaitRequest request = CONTAINERD__TASK__V2__WAIT_REQUEST__INIT;

	request.id = "c1";
	raw_request(loop, peer, stream, TASK, "Wait", &request.base, timeout);
}

static inline void answer_wait(struct ttrpc_call *call, uint32_t status)
{
	Containerd__Task__V2__WaitResponse response = CONTAINERD__TASK__V2__WAIT_RESPONSE__INIT;

	response.exit_status = status;
	ttrpc_call_reply(call, &response.base);
}

static inline void answer_all(void)
{
	for (size_t i = 0; i < nr_kept; i++)
		answer_wait(kept[i], (uint32_t)i);
	nr_kept = 0;
}

/* It works still: what each refusal must be followed by. */
static inline void assert_serves(uint32_t stream)
{
	send_state(stream, TASK, "c1", 0);
	assert_int_equal(raw_answer(loop, peer, stream, NULL), TTRPC_OK);
}

static inline void cancel(struct ttrpc_call *call, void *context)
{
	assert_ptr_equal(context, &nr_cancelled);
	assert_true(ttrpc_call_cancelled(call));
	nr_cancelled++;
}

#define CASE(name)	cmocka_unit_test_setup_teardown(name, start, stop)

#endif
