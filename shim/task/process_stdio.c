// SPDX-License-Identifier: GPL-2.0-or-later
#include "process_stdio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "../config/problem.h"
#include "../stream/pump.h"
#include "logger.h"
#include "logger_ready.h"
#include "stdio_uri.h"

/* Until a logger has to be ready. */
#define LOGGER_SECONDS 10.

enum { IN, OUT, ERR, NR_STDIO };

struct end {
	struct stdio *stdio;
	int fd; /* until it belongs to the pump */
	struct stream_pump *pump;
	uint64_t moved; /* by pumps that are gone */
};

struct stdio {
	struct end ends[NR_STDIO];
	/* Keeps a FIFO from its end when a client goes away: until CloseIO. */
	int stdin_writer;
	bool stdin_closed;
	/* Of a logger, until it is ready. */
	char *logger;
	int logger_fd;
	struct logger_ready *wait;
	void (*ready)(const char *why, void *context);
	void *ready_context;
	struct ev_loop *loop;
	struct stream_mux *mux;
	uint32_t stdin_number;
	void (*drained)(void *context);
	void *context;
};

static int check_file(int fd, const char *path, bool may_be_file, struct problem *problem)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode) ||
	    (may_be_file && S_ISREG(status.st_mode)))
		return 0;
	return problem_set(problem, -EINVAL, "stdio %s: it is no FIFO", path);
}

/* Not waiting for anybody at the other end. */
static int open_path(const char *path, int flags, bool may_be_file, struct problem *problem)
{
	int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0600);
	int r;

	if (fd < 0)
		return problem_set(problem, -errno, "stdio %s: cannot open it: %s", path,
				   strerror(errno));
	r = check_file(fd, path, may_be_file, problem);
	if (r < 0)
		close_fd(fd);
	return r < 0 ? r : fd;
}

/* Only named by a descriptor: see stdio_start_input(). */
static int open_stdin(struct stdio *stdio, const char *name, struct problem *problem)
{
	struct stdio_uri uri;
	int r = stdio_uri_parse(name, &uri, problem);

	if (r < 0)
		return r;
	if (uri.kind == STDIO_BINARY)
		r = problem_set(problem, -EINVAL, "stdin %s: a logger gives no input", name);
	else if (uri.kind != STDIO_NONE)
		r = open_path(uri.path, O_PATH, true, problem);
	if (r >= 0 && uri.kind != STDIO_NONE)
		stdio->ends[IN].fd = r;
	stdio_uri_done(&uri);
	return r < 0 ? r : 0;
}

static int open_uri(struct stdio *stdio, int which, const struct stdio_uri *uri,
		    struct problem *problem)
{
	int r = 0;

	if (uri->kind == STDIO_FIFO)
		r = open_path(uri->path, O_RDWR, false, problem);
	else if (uri->kind == STDIO_FILE)
		r = open_path(uri->path, O_WRONLY | O_APPEND | O_CREAT, true, problem);
	if (r < 0)
		return r;
	if (uri->kind != STDIO_NONE)
		stdio->ends[which].fd = r;
	return 0;
}

/* One logger has both; it gets the end of what is not used. */
static int open_logger(struct stdio *stdio, const struct stdio_uri *uri, bool both,
		       const char *namespace_, const char *id, struct problem *problem)
{
	struct logger logger;
	int r = logger_start(uri, namespace_, id, &logger, problem);

	if (r < 0)
		return r;
	stdio->logger = strdup(uri->path);
	stdio->logger_fd = logger.ready;
	stdio->ends[OUT].fd = logger.stdout_;
	if (both)
		stdio->ends[ERR].fd = logger.stderr_;
	else
		close_fd(logger.stderr_);
	return 0;
}

static int open_output(struct stdio *stdio, const struct stdio_names *names, const char *namespace_,
		       const char *id, struct problem *problem)
{
	struct stdio_uri out = { 0 }, err = { 0 };
	int r;

	r = stdio_uri_parse(names->stdout_, &out, problem);
	if (!r)
		r = stdio_uri_parse(names->stderr_, &err, problem);
	if (!r && out.kind == STDIO_BINARY)
		r = open_logger(stdio, &out, !names->terminal, namespace_, id, problem);
	else if (!r)
		r = open_uri(stdio, OUT, &out, problem);
	/* A terminal has one output only; a logger has got both. */
	if (!r && !names->terminal && out.kind != STDIO_BINARY)
		r = open_uri(stdio, ERR, &err, problem);
	stdio_uri_done(&out);
	stdio_uri_done(&err);
	return r;
}

int stdio_open(const struct stdio_names *names, const char *namespace_, const char *id,
	       struct stdio **ret_stdio, struct problem *problem)
{
	struct stdio *stdio = calloc(1, sizeof(*stdio));
	int r;

	if (!stdio)
		return problem_set(problem, -ENOMEM, "stdio: no memory");
	for (int i = 0; i < NR_STDIO; i++)
		stdio->ends[i] = (struct end){ .stdio = stdio, .fd = -1 };
	stdio->stdin_writer = stdio->logger_fd = -1;
	r = open_stdin(stdio, names->stdin_, problem);
	if (!r)
		r = open_output(stdio, names, namespace_, id, problem);
	if (r < 0) {
		stdio_free(stdio);
		return r;
	}
	*ret_stdio = stdio;
	return 0;
}

static void logger_done(const char *why, void *context)
{
	struct stdio *stdio = context;

	stdio->wait = NULL;
	stdio->ready(why, stdio->ready_context);
}

void stdio_wait(struct stdio *stdio, struct ev_loop *loop,
		void (*ready)(const char *why, void *context), void *context)
{
	if (stdio->logger_fd < 0) {
		ready(NULL, context);
		return;
	}
	stdio->ready = ready;
	stdio->ready_context = context;
	stdio->wait = logger_wait(loop, stdio->logger ? stdio->logger : "", stdio->logger_fd,
				  stdio->ends[OUT].fd, LOGGER_SECONDS, logger_done, stdio);
	stdio->logger_fd = -1;
}

bool stdio_is_drained(const struct stdio *stdio)
{
	return !stdio->ends[OUT].pump && !stdio->ends[ERR].pump;
}

static void end_pump(struct end *end)
{
	if (!end->pump)
		return;
	end->moved += stream_pump_moved(end->pump);
	stream_pump_free(end->pump);
	end->pump = NULL;
}

static void input_done(void *context, int error)
{
	(void)error;
	end_pump(context);
}

static void output_done(void *context, int error)
{
	struct end *end = context;
	struct stdio *stdio = end->stdio;

	(void)error;
	end_pump(end);
	if (stdio_is_drained(stdio))
		stdio->drained(stdio->context);
}

static int start_end(struct stdio *stdio, int which, struct ev_loop *loop, struct stream_mux *mux,
		     uint32_t *next_number, uint32_t *ret_stream)
{
	struct end *end = &stdio->ends[which];
	int r;

	if (end->fd < 0)
		return 0;
	r = stream_pump_to(loop, mux, *next_number, end->fd, output_done, end, &end->pump);
	if (r < 0)
		return r;
	end->fd = -1;
	*ret_stream = (*next_number)++;
	return 0;
}

int stdio_start(struct stdio *stdio, struct ev_loop *loop, struct stream_mux *mux,
		uint32_t *next_number, void (*drained)(void *context), void *context,
		struct stdio_streams *ret_streams)
{
	struct stdio_streams streams = { 0 };
	int r;

	stdio->drained = drained;
	stdio->context = context;
	stdio->loop = loop;
	stdio->mux = mux;
	if (stdio->ends[IN].fd >= 0)
		streams.stdin_ = stdio->stdin_number = (*next_number)++;
	r = start_end(stdio, OUT, loop, mux, next_number, &streams.stdout_);
	if (!r)
		r = start_end(stdio, ERR, loop, mux, next_number, &streams.stderr_);
	if (!r)
		*ret_streams = streams;
	return r;
}

void stdio_start_input(struct stdio *stdio)
{
	struct end *end = &stdio->ends[IN];
	char path[32];
	int fd;

	if (end->fd < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", end->fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (!stdio->stdin_closed)
		stdio->stdin_writer = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	close_fd(end->fd);
	end->fd = -1;
	/* The guest sees no end then, as from a client that says nothing. */
	if (fd >= 0 && stream_pump_from(stdio->loop, stdio->mux, stdio->stdin_number, fd,
					input_done, end, &end->pump) < 0)
		close_fd(fd);
}

void stdio_close_stdin(struct stdio *stdio)
{
	stdio->stdin_closed = true;
	close_fd(stdio->stdin_writer);
	stdio->stdin_writer = -1;
}

void stdio_end_input(struct stdio *stdio)
{
	stdio_close_stdin(stdio);
	end_pump(&stdio->ends[IN]);
}

uint64_t stdio_written(const struct stdio *stdio)
{
	uint64_t bytes = 0;

	for (int i = OUT; i <= ERR; i++) {
		const struct end *end = &stdio->ends[i];

		bytes += end->moved + (end->pump ? stream_pump_moved(end->pump) : 0);
	}
	return bytes;
}

struct stdio *stdio_free(struct stdio *stdio)
{
	if (!stdio)
		return NULL;
	for (int i = 0; i < NR_STDIO; i++) {
		end_pump(&stdio->ends[i]);
		close_fd(stdio->ends[i].fd);
	}
	close_fd(stdio->stdin_writer);
	close_fd(stdio->logger_fd);
	logger_ready_free(stdio->wait);
	free(stdio->logger);
	free(stdio);
	return NULL;
}
