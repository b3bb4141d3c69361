// SPDX-License-Identifier: GPL-2.0-or-later
/* The process of one hook. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/reset_signals.h"
#include "hooks_private.h"

#define STATUS_NOT_RUN 127

/* A file and no pipe: it may be long, and a hook need not read it. */
static int make_input(const char *text)
{
	size_t size = strlen(text);
	int fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, text, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0) {
		close_fd(fd);
		return -ENOSPC;
	}
	return fd;
}

/* All three are above 2: place_descriptors() would overwrite one below. */
static int raise_descriptor(int *fd)
{
	int high = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	if (high < 0)
		return -errno;
	close_fd(*fd);
	*fd = high;
	return 0;
}

static bool place_descriptors(int input, int errors)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0 || raise_descriptor(&null) < 0 || raise_descriptor(&input) < 0 ||
	    raise_descriptor(&errors) < 0)
		return false;
	return dup2(input, STDIN_FILENO) == STDIN_FILENO &&
	       dup2(null, STDOUT_FILENO) == STDOUT_FILENO &&
	       dup2(errors, STDERR_FILENO) == STDERR_FILENO &&
	       syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, 0) == 0;
}

struct program {
	const char *path;
	char **words;
	char **environment;
	const char *folder;
	pid_t parent;
};

static void __attribute__((noreturn)) become(const struct program *program, int input, int errors)
{
	reset_signals();
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before. */
	if (getppid() != program->parent)
		_exit(STATUS_NOT_RUN);
	if (place_descriptors(input, errors) && (!chdir(program->folder) || !chdir("/"))) {
		execve(program->path, program->words, program->environment);
		dprintf(STDERR_FILENO, "cannot run it: %s", strerror(errno));
	}
	_exit(STATUS_NOT_RUN);
}

static int run(const struct program *program, int input, struct hook_process *ret)
{
	int ends[2], fd;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* Only ours: a hook expects that writing waits. */
	fcntl(ends[1], F_SETFL, 0);
	pid = fork();
	if (!pid)
		become(program, input, ends[1]);
	close_fd(ends[1]);
	fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0) {
		int error = errno;

		close_fd(ends[0]);
		if (pid > 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		return -error;
	}
	*ret = (struct hook_process){ .pid = pid, .pidfd = fd, .errors = ends[0] };
	return 0;
}

int hook_process_start(struct json_object *hook, const char *input, const char *folder,
		       struct hook_process *ret)
{
	cleanup_free char **words = NULL, **environment = NULL;
	cleanup_close int fd = make_input(input);
	struct program program = { .path = hook_path(hook), .folder = folder, .parent = getpid() };
	int r = fd < 0 ? fd : hook_words(hook, "args", &words);

	if (r == 0)
		r = hook_words(hook, "env", &environment);
	if (r < 0)
		return r;
	if (!words[0])
		words[0] = (char *)(uintptr_t)program.path;
	program.words = words;
	program.environment = environment;
	return run(&program, fd, ret);
}

void hook_process_kill(const struct hook_process *process)
{
	/* The first is too early if it has not come to setsid(). */
	kill(-process->pid, SIGKILL);
	kill(process->pid, SIGKILL);
}

void hook_process_reap(struct hook_process *process, char *ret_how, size_t size)
{
	siginfo_t info = { 0 };
	int r;

	do
		r = waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED);
	while (r < 0 && errno == EINTR);
	*ret_how = 0;
	if (r < 0)
		snprintf(ret_how, size, "its end is not known: %s", strerror(errno));
	else if (info.si_code != CLD_EXITED)
		snprintf(ret_how, size, "killed by signal %d", info.si_status);
	else if (info.si_status)
		snprintf(ret_how, size, "exit status %d", info.si_status);
	close_fd(process->pidfd);
	close_fd(process->errors);
	*process = (struct hook_process){ .pidfd = -1, .errors = -1 };
}
