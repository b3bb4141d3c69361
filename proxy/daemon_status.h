/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status socket: each connection gets one JSON document, and is closed. */
#ifndef KBM_PROXY_DAEMON_STATUS_H
#define KBM_PROXY_DAEMON_STATUS_H

struct json_object;

/*
 * Answers at the listening stream socket @socket. @extend adds what else there
 * is to the top level of the document; NULL for nothing.
 */
int status_serve(int socket, void (*extend)(struct json_object *document));

/*
 * Asks the daemon at @path, and prints: a table, or with @json what it said.
 * Negative errno: nobody there, or garbage.
 */
int status_print(const char *path, int json);

/*
 * Tells the daemon at @path that the control BM has ended, and waits until it has
 * taken its doorbells away. -ENXIO: it has no channel.
 */
int status_control_bm_ended(const char *path);

#endif
