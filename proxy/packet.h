/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets with descriptors, on a SOCK_SEQPACKET socket. */
#ifndef KBM_PROXY_PACKET_H
#define KBM_PROXY_PACKET_H

#include <stddef.h>

#define PACKET_MAX_FDS	8u

/*
 * Sends one with @nr descriptors, at most PACKET_MAX_FDS, which stay the
 * caller's. -EPIPE: the other side is gone; or another negative errno.
 */
int packet_send(int socket, const void *data, size_t bytes, const int *fds, unsigned int nr);

/*
 * Waits for one of exactly @bytes. Its descriptors are in @ret_fds, @most of them
 * (up to PACKET_MAX_FDS); the rest is -1. -EPIPE: the other side is gone.
 * -EPROTO: it has another length, or more descriptors than @most or than this
 * process may have; none of them is left open. Or another negative errno.
 */
int packet_receive(int socket, void *ret_data, size_t bytes, int *ret_fds, unsigned int most);

#endif
