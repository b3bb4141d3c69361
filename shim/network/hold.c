// SPDX-License-Identifier: GPL-2.0-or-later
/* A network namespace of our own, and a process that stands for one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "config/reset_signals.h"
#include "config/take.h"
#include "namespace.h"
#include "network.h"

#define HERE "/proc/self/ns/net"

int network_make_namespace(int *ret_fd, struct problem *problem)
{
	struct visit visit = { .home = open(HERE, O_RDONLY | O_CLOEXEC) };
	cleanup_close int made = -1;
	int error = 0;

	if (visit.home < 0 || unshare(CLONE_NEWNET) < 0) {
		error = errno;
		close_fd(visit.home);
		return problem_set(problem, -error, "cannot make a network namespace: %s",
				   strerror(error));
	}
	made = open(HERE, O_RDONLY | O_CLOEXEC);
	error = errno;
	namespace_leave(&visit);
	if (made < 0)
		return problem_set(problem, -error, "cannot open a network namespace: %s",
				   strerror(error));
	*ret_fd = take_fd(&made);
	return 0;
}

static void __attribute__((noreturn)) stay(pid_t parent)
{
	reset_signals();
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	syscall(SYS_close_range, 0, UINT_MAX, 0);
	while (getppid() == parent)
		pause();
	_exit(EXIT_SUCCESS);
}

int network_hold(const char *netns, pid_t *ret_pid, struct problem *problem)
{
	struct visit visit = { .home = -1 };
	pid_t parent = getpid(), pid;
	int error = 0, r = 0;

	if (netns)
		r = namespace_enter(&visit, netns, problem);
	if (r < 0)
		return r;
	pid = fork();
	if (!pid)
		stay(parent);
	error = errno;
	namespace_leave(&visit);
	if (pid < 0)
		return problem_set(problem, -error, "no process for hooks: %s", strerror(error));
	*ret_pid = pid;
	return 0;
}

void network_release(pid_t pid)
{
	if (pid <= 0)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
