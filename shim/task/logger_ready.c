// SPDX-License-Identifier: GPL-2.0-or-later
#include "logger_ready.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <ev.h>

#include "../../proxy/cleanup.h"
#include "memory.h"

#define WHY_SIZE 512

struct logger_ready {
	struct ev_loop *loop;
	char *path;
	int output;
	double seconds;
	ev_io readable;
	ev_timer late;
	void (*done)(const char *why, void *context);
	void *context;
};

void logger_ready_free(struct logger_ready *wait)
{
	if (!wait)
		return;
	ev_io_stop(wait->loop, &wait->readable);
	ev_timer_stop(wait->loop, &wait->late);
	close_fd(wait->readable.fd);
	free(wait->path);
	free(wait);
}

static void end(struct logger_ready *wait, const char *why)
{
	void (*done)(const char *text, void *context) = wait->done;
	void *context = wait->context;

	logger_ready_free(wait);
	done(why, context);
}

/* It is no child of ours: but who reads a pipe has not ended. */
static bool is_gone(const struct logger_ready *wait)
{
	struct pollfd output = { .fd = wait->output };

	return poll(&output, 1, 0) == 1 && output.revents & POLLERR;
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct logger_ready *wait = watcher->data;
	char why[WHY_SIZE], byte;
	ssize_t n = read(watcher->fd, &byte, 1);

	(void)loop;
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == 1 || !is_gone(wait)) {
		end(wait, NULL);
		return;
	}
	snprintf(why, sizeof(why), "logger %.300s: it ended before it was ready", wait->path);
	end(wait, why);
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct logger_ready *wait = timer->data;
	char why[WHY_SIZE];

	(void)loop;
	(void)events;
	snprintf(why, sizeof(why),
		 "logger %.300s: not ready within %g s: it has to close its descriptor 5 when "
		 "it is",
		 wait->path, wait->seconds);
	end(wait, why);
}

struct logger_ready *logger_wait(struct ev_loop *loop, const char *path, int ready, int output,
				 double seconds, void (*done)(const char *why, void *context),
				 void *context)
{
	struct logger_ready *wait = must_calloc(sizeof(*wait));

	*wait = (struct logger_ready){
		.loop = loop,
		.path = must_strdup(path),
		.output = output,
		.seconds = seconds,
		.done = done,
		.context = context,
	};
	ev_io_init(&wait->readable, on_readable, ready, EV_READ);
	ev_timer_init(&wait->late, on_late, seconds, 0.);
	wait->readable.data = wait->late.data = wait;
	ev_now_update(loop);
	ev_io_start(loop, &wait->readable);
	ev_timer_start(loop, &wait->late);
	return wait;
}
