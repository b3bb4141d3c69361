/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accepts connections of one socket for as long as the daemon runs. */
#ifndef KBM_PROXY_DAEMON_ACCEPT_H
#define KBM_PROXY_DAEMON_ACCEPT_H

#include "daemon_loop.h"

/**
 * struct acceptor - a socket that listens
 * @socket:	it.
 * @what:	its name in the log.
 * @accepted:	is given each connection, to keep.
 */
struct acceptor {
	struct loop_operation operation;
	int socket;
	const char *what;
	void (*accepted)(int socket);
};

/* @acceptor stays where it is. */
int acceptor_start(struct acceptor *acceptor);

#endif
