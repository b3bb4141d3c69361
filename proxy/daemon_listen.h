/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's unix sockets. */
#ifndef KBM_PROXY_DAEMON_LISTEN_H
#define KBM_PROXY_DAEMON_LISTEN_H

/*
 * A listening socket at @path; takes the place of that of a daemon that is no
 * more, and waits a second for its end. Connections are only for the own user,
 * and with @group for its members. -EADDRINUSE: another daemon has it. -ENOENT: no such group.
 */
int listen_at(const char *path, int type, const char *group);

/* Accepts clients of the unix transport at @socket, and starts their sessions. */
int listen_for_clients(int socket);

#endif
