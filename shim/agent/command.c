// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>

#include "command.h"

struct command {
	struct ev_loop *loop;
	ev_timer limit;
	command_done *done;
	void *context;
	pid_t pid;
	bool timed_out;
};

static void on_exited(void *context, int status)
{
	struct command *command = context;

	ev_timer_stop(command->loop, &command->limit);
	command->done(command->context, status, command->timed_out);
	free(command);
}

static void on_limit(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct command *command = timer->data;

	(void)loop;
	(void)events;
	command->timed_out = true;
	/* With its children, as long as they have no session of their own. */
	kill(-command->pid, SIGKILL);
}

static int add_descriptors(posix_spawn_file_actions_t *actions,
			   const int stdio[3])
{
	int r = 0;

	for (int i = 0; r == 0 && i < 3; i++) {
		if (stdio[i] >= 0)
			r = posix_spawn_file_actions_adddup2(actions, stdio[i],
							     i);
		else
			r = posix_spawn_file_actions_addopen(
				actions, i, "/dev/null", O_RDWR, 0);
	}
	return r;
}

/* The agent ignores SIGPIPE; nobody else shall. */
static int set_signals(posix_spawnattr_t *attributes)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setsigmask(attributes, &none);
	return posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
				    POSIX_SPAWN_SETSID);
}

static int spawn(char *const *argv, const int stdio[3], pid_t *ret_pid)
{
	static char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		NULL
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = posix_spawn_file_actions_init(&actions);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (!r) {
		r = add_descriptors(&actions, stdio);
		if (!r)
			r = set_signals(&attributes);
		if (!r)
			r = posix_spawn(ret_pid, argv[0], &actions, &attributes,
					argv, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

int command_start(struct ev_loop *loop, struct reaper *reaper,
		  char *const *argv, const int stdio[3], double seconds,
		  command_done *done, void *context)
{
	struct command *command = calloc(1, sizeof(*command));
	int r;

	if (!command)
		return -ENOMEM;
	command->loop = loop;
	command->done = done;
	command->context = context;
	r = spawn(argv, stdio, &command->pid);
	if (r >= 0) {
		r = reaper_watch(reaper, command->pid, on_exited, command);
		if (r < 0)
			kill(command->pid, SIGKILL);
	}
	if (r < 0) {
		free(command);
		return r;
	}
	ev_timer_init(&command->limit, on_limit, seconds, 0.);
	command->limit.data = command;
	ev_timer_start(loop, &command->limit);
	return 0;
}
