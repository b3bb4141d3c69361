/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Configuration of kbm-proxyd; proxyd.conf(5) describes the keys. */
#ifndef KBM_PROXY_DAEMON_CONFIG_H
#define KBM_PROXY_DAEMON_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "log.h"

#define DAEMON_CONFIG_PATH	"/etc/kata-bm/proxyd.conf"
#define DAEMON_CONFIG_TEXT	256

/**
 * struct daemon_config - all that can be set
 * @run_directory:	of sockets and of the sessions' status pages.
 * @socket:		where clients connect; "" until daemon_config_finish().
 * @status_socket:	where --status asks; the same.
 * @socket_group:	group whose members may connect, or "": own user only.
 * @max_sessions:	at the same time.
 * @greeting_seconds:	a session whose client has not said hello ends then.
 * @twin_user:		user that twins run as, if the daemon is root's.
 * @namespaces:		twins have namespaces of their own.
 * @huge_pages:		see huge_pages.h.
 * @descriptors:	RLIMIT_NOFILE of a twin.
 * @private_bytes:	RLIMIT_DATA of a twin.
 * @channel:		serve a control BM, if this kernel has /dev/kata-bm.
 * @channel_bytes:	memory of the channel to it.
 * @session_bytes:	the part of it that one session has.
 * @channel_node:	NUMA node of that memory.
 */
struct daemon_config {
	char run_directory[DAEMON_CONFIG_TEXT];
	char socket[DAEMON_CONFIG_TEXT];
	char status_socket[DAEMON_CONFIG_TEXT];
	char socket_group[DAEMON_CONFIG_TEXT];
	enum log_level log_level;
	uint64_t max_sessions;
	uint64_t greeting_seconds;
	char twin_user[DAEMON_CONFIG_TEXT];
	bool namespaces;
	bool huge_pages;
	uint64_t descriptors;
	uint64_t private_bytes;
	bool channel;
	uint64_t channel_bytes;
	uint64_t session_bytes;
	uint64_t channel_node;
};

void daemon_config_init(struct daemon_config *config);

/*
 * Reads @path; each mistake is one line on stderr, with file and line. @optional:
 * it is fine if there is no such file. -EINVAL: mistakes; else negative errno.
 */
int daemon_config_read(struct daemon_config *config, const char *path, bool optional);

/* Fills in what follows from other keys, and checks what only holds together. */
int daemon_config_finish(struct daemon_config *config, const char *path);

#endif
