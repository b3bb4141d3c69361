/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a twin is to serve: a message of the daemon to a process that is shut in
 * already, on a SOCK_SEQPACKET socket that nobody else has.
 */
#ifndef KBM_PROXY_TWIN_ORDER_H
#define KBM_PROXY_TWIN_ORDER_H

#include <stdint.h>

/* ORDER_PAGE: the session's file. ORDER_SOCKET: unix. The last two: kbm. */
enum twin_order_fd {
	ORDER_PAGE, ORDER_LOCK, ORDER_KVM, ORDER_LEASE, ORDER_SOCKET, ORDER_CHANNEL, ORDER_BELL,
	_ORDER_FDS,
};

/**
 * struct twin_order - a session
 * @fds:	by enum twin_order_fd: descriptors; negative errno: there is none.
 *		Who sends keeps them, who receives gets copies.
 * @start, @bytes: kbm: where in the channel.
 */
struct twin_order {
	int fds[_ORDER_FDS];
	uint64_t start;
	uint64_t bytes;
};

/* -EPIPE: the process is gone. */
int twin_order_send(int socket, const struct twin_order *order);

/* Waits for it. -EPIPE: the daemon is gone. -EPROTO: see packet.h. */
int twin_order_receive(int socket, struct twin_order *ret_order);

#endif
