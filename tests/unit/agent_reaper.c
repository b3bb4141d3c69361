// SPDX-License-Identifier: GPL-2.0-or-later
/* The agent's reaper and commands, with real processes. */
#include <errno.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/command.h"
#include "agent/reaper.h"

static struct ev_loop *loop;
static struct reaper *reaper;

struct told {
	int times, status;
	bool timed_out;
};

static void on_exited(void *context, int status)
{
	struct told *told = context;

	told->times++;
	told->status = status;
}

static void on_done(void *context, int status, bool timed_out)
{
	on_exited(context, status);
	((struct told *)context)->timed_out = timed_out;
}

static void on_limit(struct ev_loop *at, ev_timer *timer, int events)
{
	(void)timer;
	(void)events;
	ev_break(at, EVBREAK_ALL);
}

static void run(double seconds)
{
	ev_timer limit;

	ev_timer_init(&limit, on_limit, seconds, 0.);
	ev_now_update(loop);
	ev_timer_start(loop, &limit);
	ev_run(loop, 0);
	ev_timer_stop(loop, &limit);
}

static int set_up(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	return reaper_new(loop, &reaper);
}

static int tear_down(void **state)
{
	(void)state;
	reaper_free(reaper);
	ev_loop_destroy(loop);
	return 0;
}

static pid_t start(int exit_code)
{
	pid_t pid = fork();

	if (!pid) {
		if (exit_code < 0)
			for (;;)
				pause();
		_exit(exit_code);
	}
	return pid;
}

static void an_end_is_told(void **state)
{
	struct told told = { 0 };
	pid_t pid = start(-1);

	(void)state;
	assert_int_equal(reaper_watch(reaper, pid, on_exited, &told), 0);
	run(0.05);
	assert_int_equal(told.times, 0);
	kill(pid, SIGTERM);
	run(0.2);
	assert_int_equal(told.times, 1);
	assert_true(WIFSIGNALED(told.status));
}

static void an_earlier_end_is_told_too(void **state)
{
	struct told told = { 0 };
	pid_t pid = start(5);

	(void)state;
	run(0.2);
	assert_int_equal(kill(pid, 0), -1); /* reaped */
	assert_int_equal(reaper_watch(reaper, pid, on_exited, &told), 0);
	assert_int_equal(told.times, 0);
	run(0.1);
	assert_int_equal(told.times, 1);
	assert_int_equal(WEXITSTATUS(told.status), 5);
}

static void one_that_is_forgotten_is_not_told(void **state)
{
	struct told told = { 0 };
	pid_t pid = start(0);

	(void)state;
	assert_int_equal(reaper_watch(reaper, pid, on_exited, &told), 0);
	reaper_forget(reaper, pid);
	run(0.1);
	assert_int_equal(told.times, 0);
}

/* Numbers are used again: the end of the first is not that of the second. */
static void the_end_of_an_earlier_namesake_is_not_told(void **state)
{
	struct told told = { 0 };
	pid_t pid = start(5), number = pid;
	struct clone_args arguments = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&number,
		.set_tid_size = 1,
	};

	(void)state;
	run(0.2);
	pid = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (!pid)
		for (;;)
			pause();
	if (pid < 0) {
		print_message("cannot choose a process's number: %s\n",
			      strerror(errno));
		skip();
	}
	assert_int_equal(pid, number);
	assert_int_equal(reaper_watch(reaper, pid, on_exited, &told), 0);
	run(0.1);
	assert_int_equal(told.times, 0);
	kill(pid, SIGKILL);
	run(0.2);
	assert_int_equal(told.times, 1);
	assert_true(WIFSIGNALED(told.status));
}

static void a_command_has_the_signals_of_a_new_program(void **state)
{
	static const int stdio[3] = { -1, -1, -1 };
	struct told told = { 0 };

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(command_start(loop, reaper,
				       (char *[]){ "/bin/sh", "-c",
						   "kill -PIPE $$", NULL },
				       stdio, 5., on_done, &told),
			 0);
	run(0.5);
	assert_int_equal(told.times, 1);
	assert_true(WIFSIGNALED(told.status) &&
		    WTERMSIG(told.status) == SIGPIPE);
}

static void a_command_that_does_not_end_is_killed(void **state)
{
	static const int stdio[3] = { -1, -1, -1 };
	struct told told = { 0 };

	(void)state;
	assert_int_equal(command_start(loop, reaper,
				       (char *[]){ "/bin/sleep", "1000", NULL },
				       stdio, 0.2, on_done, &told),
			 0);
	run(0.5);
	assert_int_equal(told.times, 1);
	assert_true(told.timed_out);
}

static void a_missing_program_is_an_error(void **state)
{
	static const int stdio[3] = { -1, -1, -1 };

	(void)state;
	assert_int_equal(command_start(loop, reaper,
				       (char *[]){ "/no/such", NULL }, stdio,
				       1., on_done, NULL),
			 -ENOENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_end_is_told),
		TEST(an_earlier_end_is_told_too),
		TEST(one_that_is_forgotten_is_not_told),
		TEST(the_end_of_an_earlier_namesake_is_not_told),
		TEST(a_command_has_the_signals_of_a_new_program),
		TEST(a_command_that_does_not_end_is_killed),
		TEST(a_missing_program_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
