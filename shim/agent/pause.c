// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pause.h"

/* Ignoring SIGCHLD makes the kernel reap. */
static void hold(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGCHLD, SIG_IGN);
	close_range(3, ~0U, 0);
	prctl(PR_SET_NAME, "pause");
	for (;;)
		pause();
}

pid_t pause_start(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL,
			   NULL);

	if (pid < 0)
		return -errno;
	if (!pid)
		hold();
	return pid;
}
