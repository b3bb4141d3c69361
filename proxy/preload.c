// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD: KVM of an unmodified VMM crosses to a twin. KBM_PROXY=unix:PATH
 * says where. Its descriptors are real ones (of nothing) that stand for handles.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "client.h"
#include "ioctl_table.h"

#define MAX_FD	65536
#define EXPORT	__attribute__((visibility("default")))

static _Atomic uint32_t handles[MAX_FD];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct client *client;

static long result(long r)
{
	if (r >= 0)
		return r;
	errno = (int)-r;
	return -1;
}

static uint32_t handle_of(int fd)
{
	return fd >= 0 && fd < MAX_FD ? atomic_load(&handles[fd]) : 0;
}

/* The VM is its parent's, as KVM itself has it. */
static void forget_all(void)
{
	client = NULL;
	for (unsigned int i = 0; i < MAX_FD; i++) {
		if (atomic_load(&handles[i]))
			atomic_store(&handles[i], UINT32_MAX);
	}
}

static int connect_locked(void)
{
	const char *where = getenv("KBM_PROXY");
	int r;

	if (client)
		return 0;
	if (!where || strncmp(where, "unix:", 5)) {
		fprintf(stderr, "kbm-preload: KBM_PROXY is \"%s\"; give it as unix:PATH\n",
			where ? where : "");
		return -ENODEV;
	}
	r = client_connect(where + 5, &client);
	if (r)
		fprintf(stderr, "kbm-preload: %s: %s; is kbm-proxyd there?\n", where + 5,
			strerror(-r));
	else
		pthread_atfork(NULL, NULL, forget_all);
	return r;
}

static int connect_once(void)
{
	int r;

	pthread_mutex_lock(&lock);
	r = connect_locked();
	pthread_mutex_unlock(&lock);
	return r;
}

/* Gives @handle a number among this process' descriptors: that of @fd. */
static int name_handle(int fd, int handle)
{
	if (fd >= 0 && fd < MAX_FD) {
		atomic_store(&handles[fd], (uint32_t)handle);
		return fd;
	}
	client_close(client, (uint32_t)handle);
	close_fd(fd);
	return fd < 0 ? fd : -EMFILE;
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
	return r < 0 ? r : name_handle(placeholder("kbm-kvm"), r);
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
	if (path && !strcmp(path, "/dev/kvm"))
		return (int)result(open_kvm());
	return (int)syscall(SYS_openat, dir, path, flags, mode);
}

static int name_returned(const struct ioctl_row *row, int handle)
{
	int fd;

	if (row->returns == HANDLE_VM)
		return name_handle(placeholder("kbm-vm"), handle);
	fd = client_get_fd(client, (uint32_t)handle);
	if (row->returns == HANDLE_VCPU)
		return name_handle(fd, handle);
	/* Statistics: the descriptor is all there is. */
	client_close(client, (uint32_t)handle);
	return fd;
}

static int do_ioctl(uint32_t handle, unsigned long request, unsigned long argument)
{
	const struct ioctl_row *row = ioctl_row((uint32_t)request);
	int r;

	if (handle == UINT32_MAX)
		return -EIO;
	r = client_ioctl(client, handle, request, argument);
	return r >= 0 && row->returns ? name_returned(row, r) : r;
}

EXPORT int ioctl(int fd, unsigned long request, ...)
{
	uint32_t handle = handle_of(fd);
	unsigned long argument;
	va_list list;

	va_start(list, request);
	argument = va_arg(list, unsigned long);
	va_end(list);
	if (!handle)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	return (int)result(do_ioctl(handle, request, argument));
}

EXPORT int close(int fd)
{
	uint32_t handle = fd >= 0 && fd < MAX_FD ? atomic_exchange(&handles[fd], 0) : 0;

	if (handle && handle != UINT32_MAX)
		client_close(client, handle);
	return (int)syscall(SYS_close, fd);
}

EXPORT int munmap(void *address, size_t bytes)
{
	long r = syscall(SYS_munmap, address, bytes);

	if (!r && client)
		client_forget_memory(client, address, bytes);
	return (int)r;
}

EXPORT void *mmap(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
{
	if (client && flags & MAP_FIXED)
		client_forget_memory(client, address, bytes);
	return (void *)syscall(SYS_mmap, address, bytes, protection, flags, fd, offset);
}

EXPORT void *mmap64(void *address, size_t bytes, int protection, int flags, int fd, off_t offset)
	__attribute__((alias("mmap")));

static mode_t mode_of(int flags, va_list list)
{
	return flags & (O_CREAT | __O_TMPFILE) ? va_arg(list, mode_t) : 0;
}

EXPORT int open(const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	return do_open(AT_FDCWD, path, flags, mode);
}

EXPORT int openat(int dir, const char *path, int flags, ...)
{
	va_list list;
	mode_t mode;

	va_start(list, flags);
	mode = mode_of(flags, list);
	va_end(list);
	return do_open(dir, path, flags, mode);
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

EXPORT int __open64_2(const char *path, int flags)
{
	return do_open(AT_FDCWD, path, flags, 0);
}
