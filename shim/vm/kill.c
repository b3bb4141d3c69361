// SPDX-License-Identifier: GPL-2.0-or-later
/* The end of a VM whose shim is gone. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "config/take.h"
#include "process.h"
#include "record.h"
#include "vm.h"

/* A pidfd first, then the look at its start: a number cannot be used again in between. */
static int open_recorded(const struct record *record, int *ret)
{
	cleanup_close int pidfd = process_open(record->pid);
	struct record now;
	int r;

	if (pidfd < 0)
		return pidfd;
	r = record_of(record->pid, &now);
	if (r == 0 && now.start != record->start)
		r = -ESRCH;
	if (r < 0)
		return r;
	*ret = take_fd(&pidfd);
	return 0;
}

static int kill_and_wait(int pidfd, double wait)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int r = process_signal(pidfd, SIGKILL);

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	r = poll(&end, 1, (int)(wait * 1000));
	if (r < 0)
		return -errno;
	return r ? 0 : -ETIMEDOUT;
}

int vm_kill_from_files(const char *state_dir, double wait, struct problem *problem)
{
	cleanup_close int pidfd = -1;
	struct record record;
	int r;

	r = record_read(state_dir, &record);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return problem_set(problem, r, "%s/" RECORD_FILE ": cannot tell QEMU's process: %s",
				   state_dir, strerror(-r));
	r = open_recorded(&record, &pidfd);
	if (r == 0)
		r = kill_and_wait(pidfd, wait);
	else if (r == -ESRCH)
		r = 0;
	if (r < 0)
		return problem_set(problem, r, "QEMU's process %d does not end: %s", record.pid,
				   strerror(-r));
	return record_remove(state_dir);
}
