// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands that the simulated server's agent runs. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "frame.h"
#include "job.h"

#define LIMIT_MS	10000

/* All that the stream says until its end. */
static size_t read_stream(int fd, char *ret_text, size_t size)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	size_t have = 0;
	ssize_t n;

	while (poll(&poll_fd, 1, LIMIT_MS) == 1 && have < size - 1) {
		n = read(fd, ret_text + have, size - 1 - have);
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	ret_text[have] = '\0';
	return have;
}

static int wait_status(const struct job *job)
{
	int status = -1;

	assert_int_equal(waitpid(job->pid, &status, 0), job->pid);
	return status;
}

static struct job *start(uint32_t flags, const char *command)
{
	struct job *job = NULL;

	assert_int_equal(job_start(3, flags, command, &job), 0);
	assert_int_equal(job->id, 3);
	return job;
}

static void keeps_the_streams_apart(void **state)
{
	struct job *job = start(0, "echo out; echo err >&2; exit 5");
	char text[64];

	(void)state;
	read_stream(job->fd[JOB_STDOUT], text, sizeof(text));
	assert_string_equal(text, "out\n");
	read_stream(job->fd[JOB_STDERR], text, sizeof(text));
	assert_string_equal(text, "err\n");
	assert_int_equal(WEXITSTATUS(wait_status(job)), 5);
	job_free(job);
}

static void input_reaches_the_command_and_ends(void **state)
{
	struct job *job = start(0, "cat");
	char text[64];

	(void)state;
	assert_int_equal(job_input(job, "some ", 5), 0);
	assert_int_equal(job_input(job, "words", 5), 0);
	assert_int_equal(job_input(job, NULL, 0), 0);
	assert_int_equal(job->fd[JOB_STDIN], -1);
	read_stream(job->fd[JOB_STDOUT], text, sizeof(text));
	assert_string_equal(text, "some words");
	assert_int_equal(wait_status(job), 0);
	job_free(job);
}

/* More than a pipe holds must wait for the command, not the agent for it. */
static void much_input_is_kept(void **state)
{
	const size_t size = 1 << 20;
	struct job *job = start(0, "sleep 0.1; wc -c");
	char *data = calloc(1, size);
	char text[64];

	(void)state;
	assert_non_null(data);
	assert_int_equal(job_input(job, data, size), 0);
	assert_true(job->input_size > 0);
	assert_int_equal(job_input(job, NULL, 0), 0);
	while (job->fd[JOB_STDIN] >= 0) {
		usleep(1000);
		job_flush_input(job);
	}
	read_stream(job->fd[JOB_STDOUT], text, sizeof(text));
	assert_int_equal(atol(text), size);
	assert_int_equal(wait_status(job), 0);
	free(data);
	job_free(job);
}

static void input_for_a_command_that_ended_is_dropped(void **state)
{
	struct job *job = start(0, "exec 0<&-; exit 0");

	(void)state;
	assert_int_equal(wait_status(job), 0);
	job_input(job, "words", 5);
	assert_int_equal(job->fd[JOB_STDIN], -1);
	assert_int_equal(job->input_size, 0);
	job_free(job);
}

static void a_signal_reaches_the_whole_group(void **state)
{
	struct job *job = start(0, "sleep 100 & sleep 100; true");
	char text[16];

	(void)state;
	usleep(50000);
	job_signal(job, SIGKILL);
	assert_int_equal(WTERMSIG(wait_status(job)), SIGKILL);
	/* The stream ends only when all that held it are gone. */
	assert_int_equal(read_stream(job->fd[JOB_STDOUT], text, sizeof(text)), 0);
	job_free(job);
}

static void a_terminal_is_one(void **state)
{
	struct job *job = start(RUN_TERMINAL, "test -t 0 && test -t 1 && stty size");
	char text[64];

	(void)state;
	assert_int_equal(job->fd[JOB_STDERR], -1);
	read_stream(job->fd[JOB_STDOUT], text, sizeof(text));
	assert_int_equal(wait_status(job), 0);
	job_free(job);
}

static void a_terminal_has_a_size(void **state)
{
	struct job *job = start(RUN_TERMINAL, "sleep 0.2; stty size");
	char text[64];

	(void)state;
	job_resize(job, 33, 77);
	read_stream(job->fd[JOB_STDOUT], text, sizeof(text));
	assert_string_equal(text, "33 77\r\n");
	assert_int_equal(wait_status(job), 0);
	job_free(job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_streams_apart),
		cmocka_unit_test(input_reaches_the_command_and_ends),
		cmocka_unit_test(much_input_is_kept),
		cmocka_unit_test(input_for_a_command_that_ended_is_dropped),
		cmocka_unit_test(a_signal_reaches_the_whole_group),
		cmocka_unit_test(a_terminal_is_one),
		cmocka_unit_test(a_terminal_has_a_size),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
