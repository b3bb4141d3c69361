/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's sessions: a twin each. A session begins with an offer of a
 * listener, and ends when its twin has ended, for whatever reason.
 */
#ifndef KBM_PROXY_DAEMON_SESSION_H
#define KBM_PROXY_DAEMON_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon_config.h"
#include "session_file.h"

/**
 * struct session_offer - a client that wants a session
 * @transport:	name, for the status.
 * @index:	what the listener calls the session.
 * @client_pid, @client_uid: if known.
 * @lease:	/dev/kata-bm, or the negative errno of its open().
 * @socket:	unix: the connection, else -1.
 * @channel, @bell: kbm: see struct twin_setup, else -1.
 * @start, @bytes: kbm: where in the channel.
 *
 * All descriptors stay the caller's.
 */
struct session_offer {
	const char *transport;
	uint32_t index;
	pid_t client_pid;
	uid_t client_uid;
	int lease;
	int socket;
	int channel;
	int bell;
	uint64_t start;
	uint64_t bytes;
};

/* A session has ended; called once for each, those of an earlier daemon, too. */
typedef void (*session_ended_fn)(const char *transport, uint32_t index, void *context);

/*
 * Takes over the sessions that an earlier daemon has left in the run directory;
 * after session_files_init() and twins_init().
 */
int sessions_init(const struct daemon_config *config, session_ended_fn ended, void *context);

/* Starts a twin. The session's number, or -EUSERS: as many as are allowed. */
int session_start(const struct session_offer *offer);

/* Whether there is such a session. */
bool session_exists(const char *transport, uint32_t index);

/* Kills the twin; its end is told as always. -ESRCH: no such session. */
int session_kill(const char *transport, uint32_t index);

unsigned int sessions_count(void);

/* Copied from their files as they are now; the number of them. */
unsigned int sessions_copy(struct session_view *views, unsigned int most);

#endif
