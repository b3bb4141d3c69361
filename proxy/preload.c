// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD: KVM of an unmodified VMM crosses to a twin. KBM_PROXY=unix:PATH
 * says where. Its descriptors are real ones (of nothing) that stand for handles.
 * A VMM without a dynamic linker has no place for it: that one cannot be proxied.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct client *_Atomic client;

struct client *preload_client(void)
{
	return client;
}

long preload_result(long r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

/* The kernel looks whether it is there: a bad pointer is an error, not a fault. */
static int copy_checked(void *to, const void *from, size_t bytes)
{
	const struct iovec local = { to, bytes }, remote = { (void *)from, bytes };
	ssize_t n;

	if (!bytes)
		return 0;
	n = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (n < 0 && errno != EFAULT) {
		/* A VMM's own seccomp filter. */
		memcpy(to, from, bytes);
		return 0;
	}
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

/* The VM is its parent's, as KVM itself has it. */
static void forget_session(void)
{
	client = NULL;
	pthread_mutex_init(&lock, NULL);
	preload_descriptors_forked();
}

/* A vCPU takes two descriptors here: its name, and the copy of its run page. */
static void raise_limit(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int connect_locked(void)
{
	static const struct client_hooks hooks = {
		.copy = copy_checked,
		.handle_of = preload_handle_of,
		.piece_of = preload_piece_of,
	};
	static int watched;
	const char *where = getenv("KBM_PROXY");
	struct client *made;
	int r;

	if (client)
		return 0;
	if (!where || strncmp(where, "unix:", 5)) {
		fprintf(stderr, "kbm-preload: KBM_PROXY is \"%s\"; give it as unix:PATH\n",
			where ? where : "");
		return -ENODEV;
	}
	r = client_connect(where, &made);
	if (r) {
		fprintf(stderr, "kbm-preload: %s: %s; %s\n", where, strerror(-r),
			client_connect_remedy(r));
		return r;
	}
	client_set_hooks(made, &hooks);
	raise_limit();
	client = made;
	if (!watched++)
		pthread_atfork(NULL, NULL, forget_session);
	return 0;
}

static int connect_once(void)
{
	int r;

	pthread_mutex_lock(&lock);
	r = connect_locked();
	pthread_mutex_unlock(&lock);
	return r;
}

static int placeholder(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int open_kvm(void)
{
	int r = connect_once();

	if (!r)
		r = client_open_kvm(client);
	return r < 0 ? r : preload_name_handle(placeholder("kbm-kvm"), r);
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
	if (path && !strcmp(path, "/dev/kvm"))
		return (int)preload_result(open_kvm());
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

/* Of what is more than a name for calls of KVM the VMM gets the descriptor itself. */
static int name_real(int handle, int keep)
{
	int fd = client_get_fd(client, (uint32_t)handle);

	if (keep && fd >= 0)
		return preload_name_handle(fd, handle);
	client_close(client, (uint32_t)handle);
	return fd;
}

static int name_returned(const struct ioctl_row *row, int handle)
{
	switch (row->returns) {
	case HANDLE_VM:
		return preload_name_handle(placeholder("kbm-vm"), handle);
	case HANDLE_VCPU:
		return preload_name_handle(placeholder("kbm-vcpu"), handle);
	case HANDLE_GUEST_MEMFD:
		return name_real(handle, 1);
	default:
		return name_real(handle, 0);
	}
}

static int do_ioctl(uint32_t handle, unsigned long request, unsigned long argument)
{
	const struct ioctl_row *row = ioctl_row((uint32_t)request);
	int r;

	if (handle == HANDLE_STALE)
		return -EIO;
	r = client_ioctl(client, handle, request, argument);
	return r >= 0 && row && row->returns ? name_returned(row, r) : r;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	uint32_t handle = preload_handle_of(fd);
	unsigned long argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, unsigned long);
	va_end(list);
	if (!handle)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	return (int)preload_result(do_ioctl(handle, request, argument));
}

/* The one place that knows when there is a mode. */
static int open_with(int dir, const char *path, int flags, va_list list)
{
	return do_open(dir, path, flags,
		       flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0);
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list list;
	int fd;

	va_start(list, flags);
	fd = open_with(AT_FDCWD, path, flags, list);
	va_end(list);
	return fd;
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list list;
	int fd;

	va_start(list, flags);
	fd = open_with(dir, path, flags, list);
	va_end(list);
	return fd;
}

EXPORT int open64(const char *path, int flags, ...) __attribute__((alias("open")));
EXPORT int openat64(int dir, const char *path, int flags, ...) __attribute__((alias("openat")));

/* What fortified programs call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

EXPORT int __open_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}

EXPORT int __open64_2(const char *path, int flags) __attribute__((alias("__open_2")));
