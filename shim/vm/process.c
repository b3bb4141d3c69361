// SPDX-License-Identifier: GPL-2.0-or-later
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/reset_signals.h"

#define FIRST_FD	3
#define STATUS_NOT_RUN	127

int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

int process_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) < 0 ? -errno : 0;
}

/* Copies above all targets first: one may be where another has to go. */
static bool place_fds(const int *fds, size_t nr, int output)
{
	int high[PROCESS_MAX_FDS + 2], from;
	int above = FIRST_FD + (int)nr;

	for (size_t i = 0; i < nr + 2; i++) {
		from = i < nr ? fds[i] : i == nr ? output : open("/dev/null", O_RDONLY | O_CLOEXEC);
		high[i] = from < 0 ? -1 : fcntl(from, F_DUPFD, above);
		if (from >= 0 && high[i] < 0)
			return false;
	}
	for (size_t i = 0; i < nr; i++)
		if (high[i] < 0)
			close(FIRST_FD + (int)i);
		else if (dup2(high[i], FIRST_FD + (int)i) < 0)
			return false;
	return dup2(high[nr + 1], 0) == 0 && dup2(high[nr], 1) == 1 && dup2(high[nr], 2) == 2;
}

static void __attribute__((noreturn)) run(char *const *words, const int *fds, size_t nr,
					  int output, pid_t parent)
{
	reset_signals();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* A core would have all the guest's memory in it. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
	/* It may have died before. */
	if (getppid() != parent)
		_exit(STATUS_NOT_RUN);
	if (place_fds(fds, nr, output) &&
	    syscall(SYS_close_range, FIRST_FD + nr, UINT_MAX, 0) == 0) {
		execvp(words[0], words);
		dprintf(2, "%s: cannot run it: %s\n", words[0], strerror(errno));
	}
	_exit(STATUS_NOT_RUN);
}

static void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int process_start(char *const *words, const int *fds, size_t nr_fds, int output, pid_t *ret_pid,
		  int *ret_pidfd)
{
	pid_t parent = getpid(), pid;
	int fd;

	if (nr_fds > PROCESS_MAX_FDS)
		return -EINVAL;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run(words, fds, nr_fds, output, parent);
	fd = process_open(pid);
	if (fd < 0) {
		kill_and_reap(pid);
		return fd;
	}
	*ret_pid = pid;
	*ret_pidfd = fd;
	return 0;
}
