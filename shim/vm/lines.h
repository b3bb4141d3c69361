/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of text from a descriptor: a guest's console, QEMU's messages. */
#ifndef KBM_SHIM_VM_LINES_H
#define KBM_SHIM_VM_LINES_H

#include <stddef.h>

#include <ev.h>

#define LINES_MAX	1024

/* @line is valid during the call; bytes that are not printable are '?'. */
typedef void lines_callback(const char *line, void *context);

struct lines {
	struct ev_loop *loop;
	ev_io watcher;
	lines_callback *callback;
	void *context;
	size_t used;
	char text[LINES_MAX + 1];
};

/**
 * lines_start - call back for each line
 * @fd:		non-blocking; lines_stop() closes it.
 *
 * A line longer than LINES_MAX comes in parts.
 */
void lines_start(struct lines *lines, struct ev_loop *loop, int fd, lines_callback *callback,
		 void *context);

/* Takes what can be read without waiting, a last line without an end too. */
void lines_drain(struct lines *lines);

void lines_stop(struct lines *lines);

#endif
