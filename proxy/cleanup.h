/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Scope-bound ownership; hand over by setting the variable to -1 or NULL. */
#ifndef KBM_PROXY_CLEANUP_H
#define KBM_PROXY_CLEANUP_H

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline void close_fd(int fd)
{
	int saved = errno;

	/* Not close(): the preload library's own would look at it. */
	if (fd >= 0)
		syscall(SYS_close, fd);
	errno = saved;
}

static inline void cleanup_close_fd(const int *fd)
{
	close_fd(*fd);
}

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

#define cleanup_close	__attribute__((cleanup(cleanup_close_fd)))
#define cleanup_free	__attribute__((cleanup(cleanup_free_pointer)))

#endif
