// SPDX-License-Identifier: GPL-2.0-or-later
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define OWN_NAMESPACES	(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
			 CLONE_NEWCGROUP)
#define MAX_KEPT	16

/* An empty folder that each Linux has; the twin's root is mounted there. */
#define NEW_ROOT	"/proc"

/* A namespace of PIDs is for the next child: where this process itself is. */
static int own_pid_namespace = -1;

static int find_user(struct isolation *isolation, const char *name)
{
	const struct passwd *user;

	if (geteuid()) {
		isolation->uid = geteuid();
		isolation->gid = getegid();
		return 0;
	}
	user = getpwnam(name);
	if (!user)
		return -ENOENT;
	isolation->uid = user->pw_uid;
	isolation->gid = user->pw_gid;
	return 0;
}

/* A container's root may have no right to it. */
static bool may_make_namespaces(void)
{
	own_pid_namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	if (own_pid_namespace < 0 || geteuid())
		return false;
	return !unshare(CLONE_NEWPID) && !setns(own_pid_namespace, CLONE_NEWPID);
}

int isolation_init(struct isolation *isolation, const char *user)
{
	int r = find_user(isolation, user);

	if (r)
		return r;
	if (isolation->namespaces)
		isolation->privileged = may_make_namespaces();
	return isolation_compile_filter();
}

pid_t isolation_fork(const struct isolation *isolation)
{
	bool namespace = isolation->namespaces && isolation->privileged;
	pid_t pid;
	int saved;

	if (namespace && unshare(CLONE_NEWPID) < 0)
		return -errno;
	pid = fork();
	saved = errno;
	/* It worked at the start; children must not land in a namespace that ends. */
	if (namespace && pid && setns(own_pid_namespace, CLONE_NEWPID) < 0)
		abort();
	return pid < 0 ? -saved : pid;
}

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int nothing_for_stdio(void)
{
	cleanup_close int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 3; i++) {
		if (dup2(fd, i) < 0)
			return -errno;
	}
	return 0;
}

static void reset_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

int isolation_close_fds(const int *keep, unsigned int nr)
{
	int sorted[MAX_KEPT];
	unsigned int from = 3;

	if (nr > MAX_KEPT)
		return -EINVAL;
	for (unsigned int i = 0; i < nr; i++)
		sorted[i] = keep[i];
	qsort(sorted, nr, sizeof(sorted[0]), compare_fds);
	for (unsigned int i = 0; i < nr; i++) {
		if (sorted[i] < (int)from)
			continue;
		if (sorted[i] > (int)from)
			close_range(from, (unsigned int)sorted[i] - 1, 0);
		from = (unsigned int)sorted[i] + 1;
	}
	close_range(from, ~0u, 0);
	reset_signals();
	return nothing_for_stdio();
}

static int write_file(const char *path, const char *text)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return dprintf(fd, "%s", text) < 0 ? -errno : 0;
}

/* In a new user namespace: one user, who is what it was before. */
static int map_user(const struct isolation *isolation)
{
	char text[64];
	int r = write_file("/proc/self/setgroups", "deny");

	snprintf(text, sizeof(text), "%u %u 1", isolation->uid, isolation->uid);
	if (!r)
		r = write_file("/proc/self/uid_map", text);
	snprintf(text, sizeof(text), "%u %u 1", isolation->gid, isolation->gid);
	if (!r)
		r = write_file("/proc/self/gid_map", text);
	return r;
}

/* Nothing is in the new root, and it cannot be written to. */
static int enter_empty_root(void)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", NEW_ROOT, "tmpfs", flags, "size=4k,nr_inodes=1,mode=555") < 0 ||
	    chdir(NEW_ROOT) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | flags, NULL) < 0)
		return -errno;
	return 0;
}

static int enter_namespaces(const struct isolation *isolation)
{
	int flags = OWN_NAMESPACES | (isolation->privileged ? 0 : CLONE_NEWUSER);
	int r = 0;

	if (unshare(flags) < 0)
		return -errno;
	if (!isolation->privileged)
		r = map_user(isolation);
	return r ? r : enter_empty_root();
}

static int set_limit(__rlimit_resource_t resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	if (value > limit.rlim_max)
		value = limit.rlim_max;
	limit.rlim_cur = limit.rlim_max = value;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* Its threads are limited by its rings: RLIMIT_NPROC would count all twins. */
static int set_limits(const struct isolation *isolation)
{
	int r = set_limit(RLIMIT_NOFILE, isolation->descriptors);

	if (!r)
		r = set_limit(RLIMIT_DATA, isolation->private_bytes);
	if (!r)
		r = set_limit(RLIMIT_CORE, 0);
	if (!r)
		r = set_limit(RLIMIT_MEMLOCK, 0);
	return r;
}

/* Before the user changes: it takes a capability; without that there is no need. */
static int lower_bounding_set(void)
{
	for (int i = 0; i <= CAP_LAST_CAP; i++) {
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EPERM && errno != EINVAL)
			return -errno;
	}
	return 0;
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static int change_user(const struct isolation *isolation)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) < 0 ||
	    setresgid(isolation->gid, isolation->gid, isolation->gid) < 0 ||
	    setresuid(isolation->uid, isolation->uid, isolation->uid) < 0)
		return -errno;
	return 0;
}

int isolation_enter(const struct isolation *isolation)
{
	int r = isolation->namespaces ? enter_namespaces(isolation) : 0;

	if (!r)
		r = set_limits(isolation);
	if (!r && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	if (!r)
		r = lower_bounding_set();
	if (!r)
		r = change_user(isolation);
	if (!r)
		r = drop_capabilities();
	/* Nobody of the same user reads or traces it. */
	if (!r && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	return r;
}
