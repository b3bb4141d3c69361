// SPDX-License-Identifier: GPL-2.0-or-later
#include "logger.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "../config/problem.h"
#include "../config/reset_signals.h"
#include "stdio_uri.h"

/* Numbers of the descriptors in the logger: containerd's binary IO protocol. */
enum { LOGGER_STDOUT = 3, LOGGER_STDERR, LOGGER_READY, LOGGER_NR };

/* Pipes of a start: for each number in the logger our end and its end. */
struct pipes {
	int ours[LOGGER_NR];
	int theirs[LOGGER_NR];
	/* Tells why execve() failed; closed by it if it did not. */
	int failed[2];
};

static void close_pipes(struct pipes *pipes)
{
	for (int i = LOGGER_STDOUT; i < LOGGER_NR; i++) {
		close_fd(pipes->ours[i]);
		close_fd(pipes->theirs[i]);
	}
	close_fd(pipes->failed[0]);
	close_fd(pipes->failed[1]);
}

static int open_pipes(struct pipes *pipes)
{
	int ends[2];

	memset(pipes, 0xff, sizeof(*pipes));
	for (int i = LOGGER_STDOUT; i < LOGGER_NR; i++) {
		if (pipe2(ends, O_CLOEXEC) < 0)
			return -errno;
		pipes->ours[i] = ends[i == LOGGER_READY ? 0 : 1];
		pipes->theirs[i] = ends[i == LOGGER_READY ? 1 : 0];
	}
	return pipe2(pipes->failed, O_CLOEXEC) < 0 ? -errno : 0;
}

/* In the child, whose descriptors below LOGGER_NR + 1 may be in the way. */
static int place_descriptors(struct pipes *pipes)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = LOGGER_STDOUT; i < LOGGER_NR; i++) {
		pipes->theirs[i] = fcntl(pipes->theirs[i], F_DUPFD_CLOEXEC, LOGGER_NR);
		if (pipes->theirs[i] < 0)
			return -errno;
	}
	pipes->failed[1] = fcntl(pipes->failed[1], F_DUPFD_CLOEXEC, LOGGER_NR);
	for (int i = 0; i < LOGGER_STDOUT; i++)
		if (dup2(null, i) < 0)
			return -errno;
	for (int i = LOGGER_STDOUT; i < LOGGER_NR; i++)
		if (dup2(pipes->theirs[i], i) < 0)
			return -errno;
	return 0;
}

static void __attribute__((noreturn))
become(const struct stdio_uri *uri, struct pipes *pipes, char *const environment[])
{
	char *empty[] = { NULL };
	char *const *arguments = uri->arguments ? uri->arguments : empty;
	char *words[258] = { uri->path };
	int error;

	reset_signals();
	for (size_t i = 0; arguments[i] && i < 256; i++)
		words[i + 1] = arguments[i];
	error = -place_descriptors(pipes);
	if (!error && !chdir("/"))
		execve(uri->path, words, environment);
	error = error ? error : errno;
	if (write(pipes->failed[1], &error, sizeof(error)) < 0)
		_exit(126);
	_exit(127);
}

/*
 * Until it is executed. Its parent ends at once: so it is init's child, which
 * outlives the shim, and nobody here has to reap it.
 */
static int run(const struct stdio_uri *uri, struct pipes *pipes, char *id, char *namespace_)
{
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char *environment[] = { path, id, namespace_, NULL };
	pid_t pid = fork();
	int error = 0, status;

	if (!pid) {
		pid = fork();
		if (!pid)
			become(uri, pipes, environment);
		_exit(pid < 0);
	}
	if (pid < 0)
		return -errno;
	close_fd(pipes->failed[1]);
	pipes->failed[1] = -1;
	if (waitpid(pid, &status, 0) == pid && status)
		return -EAGAIN;
	return read(pipes->failed[0], &error, sizeof(error)) == sizeof(error) ? -error : 0;
}

int logger_start(const struct stdio_uri *uri, const char *namespace_, const char *id,
		 struct logger *ret_logger, struct problem *problem)
{
	cleanup_free char *id_word = NULL, *namespace_word = NULL;
	struct pipes pipes;
	int r;

	if (asprintf(&id_word, "CONTAINER_ID=%s", id) < 0 ||
	    asprintf(&namespace_word, "CONTAINER_NAMESPACE=%s", namespace_) < 0)
		return problem_set(problem, -ENOMEM, "logger %s: no memory", uri->path);
	r = open_pipes(&pipes);
	if (!r)
		r = run(uri, &pipes, id_word, namespace_word);
	if (r < 0) {
		close_pipes(&pipes);
		return problem_set(problem, r, "logger %s: cannot run it: %s", uri->path,
				   strerror(-r));
	}
	*ret_logger = (struct logger){ .stdout_ = pipes.ours[LOGGER_STDOUT],
				       .stderr_ = pipes.ours[LOGGER_STDERR],
				       .ready = pipes.ours[LOGGER_READY] };
	memset(pipes.ours, 0xff, sizeof(pipes.ours));
	close_pipes(&pipes);
	return 0;
}
