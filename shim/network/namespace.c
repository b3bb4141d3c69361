// SPDX-License-Identifier: GPL-2.0-or-later
#include "namespace.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "config/take.h"

#define HOME	"/proc/self/ns/net"

static int check_other(int there, int home, const char *path, struct problem *problem)
{
	struct stat a, b;

	if (fstat(there, &a) < 0 || fstat(home, &b) < 0)
		return -errno;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return 0;
	return problem_set(
		problem, -EOPNOTSUPP,
		"the network namespace %s is the host's own, which a guest cannot have: run "
		"the container without host networking",
		path);
}

int namespace_enter(struct visit *visit, const char *path, struct problem *problem)
{
	cleanup_close int there = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_close int home = open(HOME, O_RDONLY | O_CLOEXEC);
	int r;

	visit->home = -1;
	if (there < 0 || home < 0)
		return problem_set(problem, -errno, "the network namespace %s: %s", path,
				   strerror(errno));
	r = check_other(there, home, path, problem);
	if (r < 0)
		return r;
	if (setns(there, CLONE_NEWNET) < 0)
		return problem_set(problem, -errno, "cannot enter the network namespace %s: %s",
				   path, strerror(errno));
	visit->home = take_fd(&home);
	return 0;
}

void namespace_leave(struct visit *visit)
{
	if (visit->home < 0)
		return;
	if (setns(visit->home, CLONE_NEWNET) < 0)
		abort();
	close(visit->home);
	visit->home = -1;
}
