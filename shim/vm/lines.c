// SPDX-License-Identifier: GPL-2.0-or-later
#include "lines.h"

#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"

/* Who writes without end must not keep the loop from its other work. */
#define READS_AT_ONCE	16
/* At the end of a VM; a dead writer leaves no more than its socket's buffer. */
#define READS_AT_END	4096

static void emit(struct lines *lines)
{
	size_t length = lines->used;

	lines->used = 0;
	if (length && lines->text[length - 1] == '\r')
		length--;
	lines->text[length] = 0;
	if (length)
		lines->callback(lines->text, lines->context);
}

static void take(struct lines *lines, const char *bytes, size_t nr)
{
	for (; nr; nr--, bytes++) {
		if (*bytes == '\n') {
			emit(lines);
			continue;
		}
		if (lines->used == LINES_MAX)
			emit(lines);
		/* A carriage return may be the end's. */
		lines->text[lines->used++] = (*bytes >= ' ' && *bytes < 0x7f) || *bytes == '\t' ||
							     *bytes == '\r' ?
						     *bytes :
						     '?';
	}
}

/* Return: whether there may be more. */
static bool read_once(struct lines *lines)
{
	char bytes[4096];
	ssize_t length = read(lines->watcher.fd, bytes, sizeof(bytes));

	if (length > 0)
		take(lines, bytes, (size_t)length);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		ev_io_stop(lines->loop, &lines->watcher);
	return length > 0;
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct lines *lines = watcher->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < READS_AT_ONCE && read_once(lines); i++)
		;
}

void lines_start(struct lines *lines, struct ev_loop *loop, int fd, lines_callback *callback,
		 void *context)
{
	lines->loop = loop;
	lines->callback = callback;
	lines->context = context;
	lines->used = 0;
	ev_io_init(&lines->watcher, on_readable, fd, EV_READ);
	lines->watcher.data = lines;
	ev_io_start(loop, &lines->watcher);
}

void lines_drain(struct lines *lines)
{
	for (int i = 0; i < READS_AT_END && read_once(lines); i++)
		;
	emit(lines);
}

void lines_stop(struct lines *lines)
{
	ev_io_stop(lines->loop, &lines->watcher);
	close_fd(lines->watcher.fd);
	lines->watcher.fd = -1;
}
