// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The system calls of a twin. No io_uring: its operations pass by a filter. The
 * filter is compiled once, in the daemon, so that twins do not pay its memory.
 */
#include "isolation.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define NR(list)	(sizeof(list) / sizeof((list)[0]))

static struct sock_fprog filter;

/* Of the twin's own code, and of the C library beneath it. */
static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(pread64), SCMP_SYS(preadv2), SCMP_SYS(close),
	SCMP_SYS(ioctl),
	SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(munmap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate), SCMP_SYS(fstat), SCMP_SYS(eventfd2), SCMP_SYS(readlinkat),
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(gettid),
	SCMP_SYS(getpid), SCMP_SYS(tgkill), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction), SCMP_SYS(sched_yield),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(getrandom),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

static const int fcntl_commands[] = {
	F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS, F_ADD_SEALS,
};

static int allow_plain(scmp_filter_ctx context)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < NR(allowed); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0);
	for (unsigned int i = 0; !r && i < NR(fcntl_commands); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
				     SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)fcntl_commands[i]));
	return r;
}

/* No new code in the process. */
static int allow_mappings(scmp_filter_ctx context)
{
	static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int r = 0;

	for (unsigned int i = 0; !r && i < NR(calls); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, calls[i], 1,
				     SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r;
}

/* clone3 takes its flags in memory, where no filter sees them: glibc then uses clone. */
static int allow_threads(scmp_filter_ctx context)
{
	const scmp_datum_t looked_at = CLONE_THREAD | CLONE_VM | CLONE_NEWNS | CLONE_NEWUTS |
				       CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |
				       CLONE_NEWNET | CLONE_NEWCGROUP;
	int r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				 SCMP_A0(SCMP_CMP_MASKED_EQ, looked_at, CLONE_THREAD | CLONE_VM));

	if (!r)
		r = seccomp_rule_add(context, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (!r)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	if (!r)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				     SCMP_A0(SCMP_CMP_EQ, PR_SET_NO_NEW_PRIVS));
	return r;
}

/* fstat() of glibc is newfstatat() of "": a path would find an empty root. */
static int allow_fstat(scmp_filter_ctx context)
{
	return seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
				SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
}

static int export_filter(scmp_filter_ctx context)
{
	cleanup_close int fd = memfd_create("filter", MFD_CLOEXEC);
	struct stat status;
	void *code;
	int r;

	if (fd < 0)
		return -errno;
	r = seccomp_export_bpf(context, fd);
	if (r)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	code = malloc((size_t)status.st_size);
	if (!code)
		return -ENOMEM;
	if (pread(fd, code, (size_t)status.st_size, 0) != status.st_size) {
		free(code);
		return -EIO;
	}
	filter.filter = code;
	filter.len = (unsigned short)((size_t)status.st_size / sizeof(struct sock_filter));
	return 0;
}

int isolation_compile_filter(void)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r;

	if (!context)
		return -ENOMEM;
	r = allow_plain(context);
	if (!r)
		r = allow_mappings(context);
	if (!r)
		r = allow_threads(context);
	if (!r)
		r = allow_fstat(context);
	/* A tree instead of a list: each call of a twin pays for the way through. */
	if (!r)
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (!r)
		r = export_filter(context);
	seccomp_release(context);
	return r;
}

int isolation_seal(void)
{
	if (!filter.len)
		return -EINVAL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0 ? -errno : 0;
}
