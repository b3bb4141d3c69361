// SPDX-License-Identifier: GPL-2.0-or-later
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "frame.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void job_close_stream(struct job *job, enum job_stream stream)
{
	close_fd(&job->fd[stream]);
}

void job_free(struct job *job)
{
	if (!job)
		return;
	for (int i = 0; i < JOB_STREAMS; i++)
		close_fd(&job->fd[i]);
	free(job->input);
	free(job);
}

static struct job *job_new(uint32_t id)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->id = id;
	for (int i = 0; i < JOB_STREAMS; i++)
		job->fd[i] = -1;
	return job;
}

static void exec_command(const char *command)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

static int start_on_terminal(struct job *job, const char *command)
{
	job->pid = forkpty(&job->fd[JOB_STDOUT], NULL, NULL, NULL);
	if (job->pid < 0)
		return -errno;
	if (job->pid == 0)
		exec_command(command);
	job->fd[JOB_STDIN] = fcntl(job->fd[JOB_STDOUT], F_DUPFD_CLOEXEC, 0);
	fcntl(job->fd[JOB_STDOUT], F_SETFD, FD_CLOEXEC);
	return 0;
}

/* The child's end of stream i is pipes[i][0] for stdin, [1] for the others. */
static void run_child(int pipes[JOB_STREAMS][2], const char *command)
{
	setsid();
	for (int i = 0; i < JOB_STREAMS; i++)
		dup2(pipes[i][i != JOB_STDIN], i);
	exec_command(command);
}

static void close_pipes(int pipes[JOB_STREAMS][2])
{
	for (int i = 0; i < JOB_STREAMS; i++) {
		close_fd(&pipes[i][0]);
		close_fd(&pipes[i][1]);
	}
}

static int start_on_pipes(struct job *job, const char *command)
{
	int pipes[JOB_STREAMS][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	int r = 0;

	for (int i = 0; i < JOB_STREAMS && !r; i++)
		r = pipe2(pipes[i], O_CLOEXEC) < 0 ? -errno : 0;
	if (!r) {
		job->pid = fork();
		r = job->pid < 0 ? -errno : 0;
	}
	if (!r && job->pid == 0)
		run_child(pipes, command);
	if (!r) {
		for (int i = 0; i < JOB_STREAMS; i++) {
			job->fd[i] = pipes[i][i == JOB_STDIN];
			pipes[i][i == JOB_STDIN] = -1;
		}
	}
	close_pipes(pipes);
	return r;
}

int job_start(uint32_t id, uint32_t flags, const char *command,
	      struct job **ret_job)
{
	struct job *job = job_new(id);
	int r;

	if (!job)
		return -ENOMEM;
	r = flags & RUN_TERMINAL ? start_on_terminal(job, command) :
				   start_on_pipes(job, command);
	if (r < 0) {
		job_free(job);
		return r;
	}
	for (int i = 0; i < JOB_STREAMS; i++)
		if (job->fd[i] >= 0)
			fcntl(job->fd[i], F_SETFL, O_NONBLOCK);
	*ret_job = job;
	return 0;
}

int job_input(struct job *job, const void *data, size_t size)
{
	uint8_t *input;

	if (!size) {
		job->input_ends = true;
	} else {
		input = realloc(job->input, job->input_size + size);
		if (!input)
			return -ENOMEM;
		memcpy(input + job->input_size, data, size);
		job->input = input;
		job->input_size += size;
	}
	job_flush_input(job);
	return 0;
}

void job_flush_input(struct job *job)
{
	ssize_t n;

	if (job->fd[JOB_STDIN] < 0)
		job->input_size = 0;
	while (job->input_size) {
		n = write(job->fd[JOB_STDIN], job->input, job->input_size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			job->input_size = 0;
			job_close_stream(job, JOB_STDIN);
			return;
		}
		job->input_size -= (size_t)n;
		memmove(job->input, job->input + n, job->input_size);
	}
	if (job->input_ends)
		job_close_stream(job, JOB_STDIN);
}

void job_signal(const struct job *job, int signal)
{
	if (job->pid)
		kill(-job->pid, signal);
}

void job_resize(const struct job *job, uint16_t rows, uint16_t columns)
{
	struct winsize size = { .ws_row = rows, .ws_col = columns };

	if (job->fd[JOB_STDOUT] >= 0)
		ioctl(job->fd[JOB_STDOUT], TIOCSWINSZ, &size);
}
