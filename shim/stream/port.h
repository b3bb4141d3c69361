/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A mux on a descriptor (socket, virtio-console port) in a libev loop. */
#ifndef KBM_STREAM_PORT_H
#define KBM_STREAM_PORT_H

#include <ev.h>

#include "stream.h"

struct stream_port;

/*
 * The connection is of no more use: the peer hung up (error EPIPE), broke the
 * protocol (EPROTO), or reading or writing failed. Called once; the callee may
 * free the port from within.
 */
typedef void stream_port_failed(void *context, int error);

/*
 * fd: open for reading and writing; made non-blocking. It belongs to the port
 * once 0 is returned. Returns 0 or a negative errno.
 */
int stream_port_new(struct ev_loop *loop, int fd, stream_port_failed *failed,
		    void *context, struct stream_port **ret_port);

/* Ends all streams with ECONNRESET and closes the descriptor. NULL is fine. */
void stream_port_free(struct stream_port *port);

struct stream_mux *stream_port_mux(struct stream_port *port);

#endif
