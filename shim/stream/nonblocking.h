/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_STREAM_NONBLOCKING_H
#define KBM_STREAM_NONBLOCKING_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

static inline int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

/* Of a read or write that would have had to wait. */
static inline bool is_passing(int error)
{
	return error == EAGAIN || error == EINTR;
}

#endif
