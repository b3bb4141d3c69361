/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection of a session: messages with descriptors. */
#ifndef KBM_PROXY_CHANNEL_H
#define KBM_PROXY_CHANNEL_H

#include "wire.h"

/* @fds: at most KBM_MAX_FDS; they stay the caller's. */
int channel_send(int socket, const struct kbm_message *message, const int *fds, unsigned int nr);

/*
 * Waits for one message. Its descriptors are in @fds (KBM_MAX_FDS of them), the
 * rest is -1. -EIO: the other side is gone. -EPROTO: not a message.
 */
int channel_receive(int socket, struct kbm_message *ret_message, int *ret_fds);

#endif
