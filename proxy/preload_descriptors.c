// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of the VMM's descriptors stand for handles: several may for one. */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "client.h"
#include "preload.h"

#define MAX_FD	65536

static _Atomic uint32_t handles[MAX_FD];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* A child of vfork() has this memory, but descriptors of its own. */
static _Atomic pid_t owner;

static bool is_ours(int fd)
{
	return fd >= 0 && fd < MAX_FD && atomic_load(&handles[fd]) && owner == getpid();
}

uint32_t preload_handle_of(int fd)
{
	return fd >= 0 && fd < MAX_FD ? atomic_load(&handles[fd]) : 0;
}

int preload_name_handle(int fd, int handle)
{
	if (fd >= 0 && fd < MAX_FD) {
		owner = getpid();
		atomic_store(&handles[fd], (uint32_t)handle);
		return fd;
	}
	client_close(preload_client(), (uint32_t)handle);
	close_fd(fd);
	return fd < 0 ? fd : -EMFILE;
}

void preload_descriptors_forked(void)
{
	pthread_mutex_init(&lock, NULL);
	owner = getpid();
	for (unsigned int i = 0; i < MAX_FD; i++) {
		if (atomic_load(&handles[i]))
			atomic_store(&handles[i], HANDLE_STALE);
	}
}

static bool has_name(uint32_t handle)
{
	for (unsigned int i = 0; i < MAX_FD; i++) {
		if (atomic_load(&handles[i]) == handle)
			return true;
	}
	return false;
}

/* With the last descriptor of a handle the handle goes. */
static void drop_name(int fd)
{
	uint32_t handle;

	if (!is_ours(fd))
		return;
	pthread_mutex_lock(&lock);
	handle = atomic_exchange(&handles[fd], 0);
	if (handle && handle != HANDLE_STALE && !has_name(handle))
		client_close(preload_client(), handle);
	pthread_mutex_unlock(&lock);
}

/* @fd has become a second one of what @old is. */
static int add_name(int fd, int old)
{
	if (fd < 0 || !is_ours(old))
		return fd;
	if (fd >= MAX_FD) {
		close_fd(fd);
		errno = EMFILE;
		return -1;
	}
	atomic_store(&handles[fd], atomic_load(&handles[old]));
	return fd;
}

EXPORT int close(int fd)
{
	drop_name(fd);
	return (int)syscall(SYS_close, fd);
}

static void drop_names(unsigned int first, unsigned int last)
{
	for (unsigned int i = first; i <= last && i < MAX_FD; i++)
		drop_name((int)i);
}

EXPORT int close_range(unsigned int first, unsigned int last, int flags)
{
	if (first <= last && !(flags & ~CLOSE_RANGE_UNSHARE))
		drop_names(first, last);
	return (int)syscall(SYS_close_range, first, last, flags);
}

EXPORT void closefrom(int first)
{
	close_range(first > 0 ? (unsigned int)first : 0, ~0u, 0);
}

EXPORT int dup(int fd)
{
	return add_name((int)syscall(SYS_dup, fd), fd);
}

EXPORT int dup3(int fd, int wanted, int flags)
{
	/* A mistake of the caller must not cost it what it has. */
	if (fd != wanted && !(flags & ~O_CLOEXEC) && syscall(SYS_fcntl, fd, F_GETFD) >= 0)
		drop_name(wanted);
	return add_name((int)syscall(SYS_dup3, fd, wanted, flags), fd);
}

EXPORT int dup2(int fd, int wanted)
{
	if (fd == wanted)
		return syscall(SYS_fcntl, fd, F_GETFD) < 0 ? -1 : fd;
	return dup3(fd, wanted, 0);
}

EXPORT int fcntl(int fd, int command, ...)
{
	unsigned long argument;
	va_list list;
	int r;

	va_start(list, command);
	argument = va_arg(list, unsigned long);
	va_end(list);
	r = (int)syscall(SYS_fcntl, fd, command, argument);
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? add_name(r, fd) : r;
}

EXPORT int fcntl64(int fd, int command, ...) __attribute__((alias("fcntl")));
