/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's part of the channel to the control BM; one a process. */
#ifndef KBM_PROXY_DAEMON_CHANNEL_H
#define KBM_PROXY_DAEMON_CHANNEL_H

#include <stdint.h>

#include "daemon_config.h"

struct json_object;

/*
 * Serves a control BM, if this host can lend memory; without that the daemon is
 * one for clients of its socket. After sessions_init().
 */
int daemon_channel_start(const struct daemon_config *config);

/* As session_ended_fn. */
void daemon_channel_twin_ended(const char *transport, uint32_t index, void *context);
void daemon_channel_control_bm_ended(void);

/* Adds "channel" to the status. */
void daemon_channel_describe(struct json_object *document);

#endif
