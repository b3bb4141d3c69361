/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames over a descriptor: reading, writing, and what is done when a peer does not
 * read. Of a server's or a client's side alike.
 */
#ifndef SHIM_TTRPC_CONNECTION_H
#define SHIM_TTRPC_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>
#include <protobuf-c/protobuf-c.h>

#include "ttrpc/buffer.h"
#include "ttrpc/frame.h"

/**
 * struct connection_ops - the owner's part
 * @frame:	a frame has come. It may close the connection.
 * @lost:	the peer is gone: @error 0 for an end of file, else a negative errno.
 *		Nothing comes any more; the owner still calls connection_close().
 *		Never called from connection_send().
 */
struct connection_ops {
	void (*frame)(void *owner, const struct frame *frame);
	void (*lost)(void *owner, int error);
};

struct connection {
	unsigned int references;
	struct ev_loop *loop;
	const struct connection_ops *ops;
	void *owner;
	int fd;
	int error;
	bool failed;		/* the owner is to be told */
	bool is_socket;
	struct ev_io readable;
	struct ev_io writable;
	struct buffer in;
	struct buffer out;
	struct frame_reader reader;
};

/* Owns @fd unless it fails: 0, -ENOMEM or what fcntl() says. */
int connection_new(struct ev_loop *loop, int fd, const struct connection_ops *ops, void *owner,
		   struct connection **ret_connection);

/* No callback after this. Frees it, at the latest when it is left. NULL is fine. */
void connection_close(struct connection *connection);

/*
 * Packs @message into a frame and writes as much as the kernel takes. 0, -ENOTCONN,
 * -ENOMEM; -EMSGSIZE: more than TTRPC_MAX_DATA, nothing was sent.
 */
int connection_send(struct connection *connection, uint32_t stream, enum frame_type type,
		    const ProtobufCMessage *message);

/* The owner is told of @error when nobody is in a callback. */
void connection_fail(struct connection *connection, int error);

/* Bytes that the kernel did not take yet. */
size_t connection_unsent(const struct connection *connection);

/* Blocks until there are none, until @deadline of clock_seconds() at most. */
int connection_flush(struct connection *connection, double deadline);

/* Blocks until the other end has closed it: 0 or -ETIMEDOUT. What comes is not read. */
int connection_linger(struct connection *connection, double deadline);

#endif
