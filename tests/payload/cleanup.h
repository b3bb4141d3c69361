/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scope-bound ownership: declare with one of these, hand over by setting the
 * variable to -1 or NULL.
 */
#ifndef KBM_TEST_CLEANUP_H
#define KBM_TEST_CLEANUP_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function)	__attribute__((cleanup(function)))

static inline void cleanup_close_fd(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define cleanup_close	_cleanup_(cleanup_close_fd)
#define cleanup_free	_cleanup_(cleanup_free_pointer)
#define cleanup_file	_cleanup_(cleanup_close_file)

#endif
