/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with descriptors, on the socket of a session. */
#ifndef KBM_PROXY_MESSAGE_H
#define KBM_PROXY_MESSAGE_H

#include "wire.h"

/* A socket of @type (SOCK_*), connected to that at @path; -ENAMETOOLONG. */
int message_connect(const char *path, int type);

/* @fds: at most KBM_MAX_FDS; they stay the caller's. */
int message_send(int socket, const struct kbm_message *message, const int *fds, unsigned int nr);

/*
 * Waits for one message. Its descriptors are in @fds (KBM_MAX_FDS of them), the
 * rest is -1. -EIO: the other side is gone. -EPROTO: not a message.
 */
int message_receive(int socket, struct kbm_message *ret_message, int *ret_fds);

#endif
