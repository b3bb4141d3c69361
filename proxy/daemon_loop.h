/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's event loop, on io_uring: one thread, each operation calls back
 * once when it has ended. One loop a process.
 */
#ifndef KBM_PROXY_DAEMON_LOOP_H
#define KBM_PROXY_DAEMON_LOOP_H

#include <stddef.h>

/**
 * struct loop_operation - one operation under way
 * @done:	called with what the system call would return (negative errno).
 *		The operation is over then, and may be started again or freed.
 *		Until then it must stay where it is.
 */
struct loop_operation {
	void (*done)(struct loop_operation *operation, int result);
};

/* -ENOSYS, -EPERM: this kernel has no io_uring, or it is switched off. */
int loop_init(void);

/* Each starts @operation; -EBUSY: too many at once. */
int loop_wait_readable(struct loop_operation *operation, int fd);
int loop_accept(struct loop_operation *operation, int listener);
int loop_send(struct loop_operation *operation, int socket, const void *data, size_t bytes);
int loop_sleep(struct loop_operation *operation, unsigned int milliseconds);

/* Serves until loop_stop(). Returns 0 or negative errno. */
int loop_run(void);
void loop_stop(void);

#endif
