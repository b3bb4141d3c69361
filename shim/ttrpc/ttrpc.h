/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ttrpc: gRPC's calls over any byte stream, without HTTP; unary calls only. Server
 * and client live on one libev loop and never block. All functions are for the
 * loop's thread; each callback may call any of them, ..._free() too.
 *
 * Both take any stream descriptor: a connected unix socket, or a virtio-console
 * port. They own it, make it non-blocking, and close it in the end.
 */
#ifndef SHIM_TTRPC_TTRPC_H
#define SHIM_TTRPC_TTRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <protobuf-c/protobuf-c.h>

#include "ttrpc/status.h"

/* Bytes of a request's or response's frame, without its header: PROTOCOL.md of ttrpc. */
#define TTRPC_MAX_DATA		(4u << 20)
/* Calls of one connection that have no answer yet; the next is refused (8). */
#define TTRPC_MAX_CALLS		16384
/* Bytes of their requests together; the same. */
#define TTRPC_MAX_HELD		(64u << 20)
/*
 * Bytes of memory that one decoded request or response may take: a few bytes on
 * the wire can be a structure of a hundred.
 */
#define TTRPC_MAX_DECODED	(32u << 20)
/* Answers that the peer does not read: nothing more is read from it, ... */
#define TTRPC_OUTPUT_PAUSE	(4u << 20)
/* ... and it is cut off. */
#define TTRPC_OUTPUT_MAX	(32u << 20)
/* Connections of a server; more wait in the socket's backlog. */
#define TTRPC_MAX_CONNECTIONS	64

/* ---- Server ---- */

struct ttrpc_server;
struct ttrpc_call;

/*
 * @request: the call's, until the call is answered. To keep it longer:
 * ttrpc_call_take_request(). @context: the service's.
 *
 * The handler, or anybody later, answers the call once: ttrpc_call_reply() or
 * ttrpc_call_fail().
 */
typedef void (*ttrpc_handler)(struct ttrpc_call *call, const ProtobufCMessage *request,
			      void *context);

struct ttrpc_method {
	const char *name;
	ttrpc_handler handle;
};

/**
 * struct ttrpc_service - what answers the calls of one service
 * @descriptor:	types of requests and responses.
 * @name:	on the wire; NULL: the descriptor's. So one table can serve several.
 * @methods:	ended by one without a name. What is not here is unimplemented (12).
 * @context:	for the handlers.
 */
struct ttrpc_service {
	const ProtobufCServiceDescriptor *descriptor;
	const char *name;
	const struct ttrpc_method *methods;
	void *context;
};

/*
 * @services: kept, not copied; must outlive the server. 0, -ENOMEM, or -EINVAL: a
 * method is not in its descriptor.
 */
int ttrpc_server_new(struct ev_loop *loop, const struct ttrpc_service *services,
		     size_t nr_services, struct ttrpc_server **ret_server);

/*
 * Accepts from @fd, a listening unix socket, those of this process's user. Owns @fd,
 * unless it fails with a negative errno. One listener a server: -EALREADY.
 */
int ttrpc_server_listen(struct ttrpc_server *server, int fd);

/* Serves one more connection. Owns @fd, unless it fails with a negative errno. */
int ttrpc_server_add(struct ttrpc_server *server, int fd);

/*
 * @closed is called after a connection is gone: @error is 0 for an end of file, else
 * a negative errno; -EMSGSIZE: cut off at TTRPC_OUTPUT_MAX. NULL: nobody.
 */
void ttrpc_server_on_closed(struct ttrpc_server *server,
			    void (*closed)(int error, void *context), void *context);

/*
 * For a log: @answered is called once for each call that came to a handler, before
 * its answer is sent: @message is "" with TTRPC_OK. It must not answer the call, nor
 * free the server. Answers for which nobody waits are not told. NULL: nobody.
 */
void ttrpc_server_on_answered(struct ttrpc_server *server,
			      void (*answered)(const struct ttrpc_call *call, enum ttrpc_code code,
					       const char *message, void *context),
			      void *context);

/* Calls without an answer. */
size_t ttrpc_server_pending(const struct ttrpc_server *server);

/*
 * For an end in order: blocks until all answers given are with the kernel, at most
 * @seconds. 0 or -ETIMEDOUT.
 */
int ttrpc_server_flush(struct ttrpc_server *server, double seconds);

/*
 * After the last answers: blocks until all clients have closed their connections, at
 * most @seconds. A client that finds an answer and the connection's end together may
 * take the end for the answer, as Go's does. 0 or -ETIMEDOUT.
 */
int ttrpc_server_linger(struct ttrpc_server *server, double seconds);

/*
 * Closes all. Calls without an answer are cancelled (on_cancel is called) and
 * remain valid until they are answered. NULL is fine.
 */
void ttrpc_server_free(struct ttrpc_server *server);

/* ---- A call, at the server ---- */

/* Packs @response, which stays the caller's, and ends the call. */
void ttrpc_call_reply(struct ttrpc_call *call, const ProtobufCMessage *response);

/* @code: not TTRPC_OK. Ends the call. */
void ttrpc_call_fail(struct ttrpc_call *call, enum ttrpc_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same with the code for @error, an errno of either sign. */
void ttrpc_call_fail_errno(struct ttrpc_call *call, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * @cancel is called when nobody waits for the answer any more: the connection is
 * gone, or the caller's time limit is over (and it was told so). The call must
 * still be answered, to free it: in @cancel or later; the answer is dropped.
 */
void ttrpc_call_on_cancel(struct ttrpc_call *call,
			  void (*cancel)(struct ttrpc_call *call, void *context), void *context);
bool ttrpc_call_cancelled(const struct ttrpc_call *call);

/* For protobuf_c_message_free_unpacked(request, NULL). NULL the second time. */
ProtobufCMessage *ttrpc_call_take_request(struct ttrpc_call *call);

/* The first value of @key, the call's; NULL: not there. */
const char *ttrpc_call_metadata(const struct ttrpc_call *call, const char *key);

/* Seconds that the caller still waits; 0 or less: no longer; INFINITY: no limit. */
double ttrpc_call_remaining(const struct ttrpc_call *call);

/* Seconds since it came. */
double ttrpc_call_age(const struct ttrpc_call *call);

/* The name under which it was called, and the method's. */
const char *ttrpc_call_service(const struct ttrpc_call *call);
const char *ttrpc_call_method(const struct ttrpc_call *call);

/* ---- Client ---- */

struct ttrpc_client;
struct ttrpc_pending;

/**
 * struct ttrpc_result - how a call ended
 * @code:	TTRPC_OK, what the server said, TTRPC_DEADLINE_EXCEEDED or
 *		TTRPC_UNAVAILABLE (the connection is gone), TTRPC_CANCELED (client freed).
 * @message:	what went wrong, with service and method; "" if nothing did.
 * @response:	only with TTRPC_OK. To keep it set it to NULL here; then it is for
 *		protobuf_c_message_free_unpacked(response, NULL).
 */
struct ttrpc_result {
	enum ttrpc_code code;
	const char *message;
	ProtobufCMessage *response;
};

typedef void (*ttrpc_done)(struct ttrpc_result *result, void *context);

struct ttrpc_metadata {
	const char *key;
	const char *value;
};

/* Owns @fd, unless it fails with a negative errno. */
int ttrpc_client_new(struct ev_loop *loop, int fd, struct ttrpc_client **ret_client);

/*
 * Connects to a unix socket: a path, with or without "unix://", or "@name" for an
 * abstract one. 0 with a non-blocking descriptor, or a negative errno (-EAGAIN: its
 * backlog is full).
 */
int ttrpc_connect(const char *address, int *ret_fd);

/*
 * The connection ended (@error as in ttrpc_server_on_closed()), and the calls that
 * waited have been told. Calls from then on fail with -ENOTCONN.
 */
void ttrpc_client_on_closed(struct ttrpc_client *client,
			    void (*closed)(int error, void *context), void *context);

/**
 * ttrpc_client_call - start a call
 * @client:	over which.
 * @service:	types.
 * @name:	of the service on the wire; NULL: the descriptor's.
 * @method:	name.
 * @request:	of the method's type; no longer needed when this returns.
 * @seconds:	limit, told to the server too; 0: none.
 * @metadata:	ended by one without a key; NULL: none.
 * @done:	called exactly once and never before this returns, unless the call is
 *		cancelled; if this fails, not at all.
 * @context:	for @done.
 * @ret_pending: for ttrpc_client_cancel(); may be NULL.
 *
 * Return: 0, -ENOTCONN, -ENOMEM, -EMSGSIZE (more than TTRPC_MAX_DATA), -EINVAL (no such
 * method, or another type), -ENOBUFS (TTRPC_MAX_CALLS, or TTRPC_OUTPUT_MAX not read).
 */
int ttrpc_client_call(struct ttrpc_client *client, const ProtobufCServiceDescriptor *service,
		      const char *name, const char *method, const ProtobufCMessage *request,
		      double seconds, const struct ttrpc_metadata *metadata, ttrpc_done done,
		      void *context, struct ttrpc_pending **ret_pending);

/* Forgets the call: no @done, an answer is ignored. Not after @done was called. */
void ttrpc_client_cancel(struct ttrpc_pending *pending);

size_t ttrpc_client_pending(const struct ttrpc_client *client);

/* @done of each call that waits is called with TTRPC_CANCELED. NULL is fine. */
void ttrpc_client_free(struct ttrpc_client *client);

#endif
