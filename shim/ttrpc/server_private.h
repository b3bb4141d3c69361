/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the server share. */
#ifndef SHIM_TTRPC_SERVER_PRIVATE_H
#define SHIM_TTRPC_SERVER_PRIVATE_H

#include <sys/queue.h>

#include "ttrpc/connection.h"
#include "ttrpc/ttrpc.h"
#include "ttrpc.pb-c.h"

/* Calls without an answer of all connections, and of those that are gone. */
#define MAX_SERVER_CALLS	(4 * TTRPC_MAX_CALLS)

LIST_HEAD(call_list, ttrpc_call);
LIST_HEAD(peer_list, peer);

/**
 * struct peer - one connection of a server
 * @last_stream: highest number of a call so far.
 * @nr_calls:	without an answer.
 * @held:	bytes of their requests.
 */
struct peer {
	LIST_ENTRY(peer) entry;
	struct ttrpc_server *server;
	struct connection *connection;
	struct call_list calls;
	uint32_t last_stream;
	size_t nr_calls;
	size_t held;
};

/**
 * struct ttrpc_server - see ttrpc.h
 * @busy:	callbacks that it is in.
 * @freed:	its memory goes when it is not busy and all calls are answered.
 * @nr_calls:	without an answer, whether or not their connection is still there.
 */
struct ttrpc_server {
	struct ev_loop *loop;
	const struct ttrpc_service *services;
	size_t nr_services;
	unsigned int busy;
	bool freed;
	int listener;
	struct ev_io acceptable;
	struct ev_timer retry;
	struct peer_list peers;
	size_t nr_peers;
	size_t nr_calls;
	void (*closed)(int error, void *context);
	void *closed_context;
	void (*answered)(const struct ttrpc_call *call, enum ttrpc_code code, const char *message,
			 void *context);
	void *answered_context;
};

/* The server frees itself in server_leave(), once ttrpc_server_free() was called. */
void server_enter(struct ttrpc_server *server);
void server_leave(struct ttrpc_server *server);

/* NULL: there is none. */
const struct ttrpc_service *service_find(const struct ttrpc_server *server, const char *name);
const struct ttrpc_method *method_find(const struct ttrpc_service *service, const char *name);
const ProtobufCMethodDescriptor *method_descriptor(const struct ttrpc_service *service,
						   const char *name);

/* A frame from a peer: starts a call, or is answered at once. */
void peer_take_frame(struct peer *peer, const struct frame *frame);

/* Nobody waits for the answers of its calls any more. */
void peer_cancel_calls(struct peer *peer);

/* Starts or stops accepting, by how many peers there are. */
void listener_watch(struct ttrpc_server *server);
void listener_close(struct ttrpc_server *server);

#endif
