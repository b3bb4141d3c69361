// SPDX-License-Identifier: GPL-2.0-or-later
#include "events/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *unconst(const char *text)
{
	return (char *)(uintptr_t)text;
}

static int write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t part = write(fd, data, size);

		if (part < 0 && errno != EINTR)
			return -errno;
		if (part > 0) {
			data += part;
			size -= (size_t)part;
		}
	}
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

/* A file and no pipe, which might be full. A descriptor or a negative errno. */
static int make_stdin(const Google__Protobuf__Any *event)
{
	size_t size = google__protobuf__any__get_packed_size(event);
	uint8_t *data = malloc(size + 1);
	int fd, r;

	if (!data)
		return -ENOMEM;
	google__protobuf__any__pack(event, data);
	fd = memfd_create("event", MFD_CLOEXEC);
	r = fd < 0 ? -errno : write_all(fd, data, size);
	free(data);
	if (r < 0 && fd >= 0)
		close(fd);
	return r < 0 ? r : fd;
}

/* Signals as they are at the start of a program; out and err go nowhere. */
static int spawn(pid_t *ret_pid, char *const words[], int input)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static void forget(struct command *command)
{
	ev_io_stop(command->loop, &command->ended);
	ev_timer_stop(command->loop, &command->timer);
	close(command->pidfd);
	command->pidfd = -1;
	command->pid = 0;
}

static void on_ended(struct ev_loop *loop, struct ev_io *watcher, int events)
{
	struct command *command = watcher->data;
	siginfo_t info = { 0 };
	int r = 0;

	(void)loop;
	(void)events;
	/* ECHILD: a subreaper's loop was faster, and has its status. */
	if (!waitid(P_PIDFD, (id_t)command->pidfd, &info, WEXITED) &&
	    (info.si_code != CLD_EXITED || info.si_status))
		r = command->is_late ? -ETIMEDOUT : -EIO;
	forget(command);
	command->done(r, command->context);
}

static void on_late(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct command *command = watcher->data;

	(void)events;
	ev_timer_stop(loop, watcher);
	command->is_late = true;
	kill(command->pid, SIGKILL);
}

void command_init(struct command *command, struct ev_loop *loop,
		  void (*done)(int error, void *context), void *context)
{
	*command = (struct command){ .loop = loop, .pidfd = -1, .done = done, .context = context };
}

static int watch(struct command *command, double seconds)
{
	command->pidfd = (int)syscall(SYS_pidfd_open, command->pid, 0);
	if (command->pidfd < 0)
		return -errno;
	command->is_late = false;
	ev_io_init(&command->ended, on_ended, command->pidfd, EV_READ);
	ev_timer_init(&command->timer, on_late, seconds, 0);
	command->ended.data = command;
	command->timer.data = command;
	ev_io_start(command->loop, &command->ended);
	ev_now_update(command->loop);
	ev_timer_start(command->loop, &command->timer);
	return 0;
}

int command_start(struct command *command, const char *binary, const char *address,
		  const char *topic, const char *namespace, const Google__Protobuf__Any *event,
		  double seconds)
{
	char *const words[] = {
		unconst(binary), "--address",	 unconst(address), "publish",
		"--topic",	 unconst(topic), "--namespace",	   unconst(namespace),
		NULL,
	};
	int r, input = make_stdin(event);

	if (input < 0)
		return input;
	r = spawn(&command->pid, words, input);
	close(input);
	if (r < 0) {
		command->pid = 0;
		return r;
	}
	r = watch(command, seconds);
	if (r < 0) {
		kill(command->pid, SIGKILL);
		waitpid(command->pid, NULL, 0);
		command->pid = 0;
	}
	return r;
}

void command_stop(struct command *command)
{
	if (!command->pid)
		return;
	kill(command->pid, SIGKILL);
	waitpid(command->pid, NULL, 0);
	forget(command);
}
