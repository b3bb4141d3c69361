/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where containerd wants a process's stdin, stdout and stderr: URIs and paths. */
#ifndef KBM_SHIM_STDIO_URI_H
#define KBM_SHIM_STDIO_URI_H

#include <stddef.h>

struct problem;

enum stdio_kind {
	STDIO_NONE, /* "": as /dev/null */
	STDIO_FIFO, /* a bare path, or fifo:// */
	STDIO_FILE, /* file://: appended to */
	STDIO_BINARY, /* binary://: a logger to be started */
};

struct stdio_uri {
	enum stdio_kind kind;
	char *path;
	/* Of a logger: its arguments, ended by NULL; @path is not among them. */
	char **arguments;
};

/*
 * -EINVAL: @problem says what is wrong. Escapes (%2F) in paths
 * and arguments are resolved. Of a query ?a=b&c=d the arguments are a, b, c, d.
 */
int stdio_uri_parse(const char *text, struct stdio_uri *ret_uri, struct problem *problem);

void stdio_uri_done(struct stdio_uri *uri);

#endif
