/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits until a logger is ready for a container's output. */
#ifndef KBM_SHIM_LOGGER_READY_H
#define KBM_SHIM_LOGGER_READY_H

struct ev_loop;
struct logger_ready;

/*
 * @path: the logger's, for messages; needed during the call only. @ready: logger.ready,
 * which is closed at the end. @output: an end of a pipe that it reads, to see
 * whether it is there; stays the caller's. @done is called once, from the loop, with NULL
 * or what is wrong; the wait is gone then.
 */
struct logger_ready *logger_wait(struct ev_loop *loop, const char *path, int ready, int output,
				 double seconds, void (*done)(const char *why, void *context),
				 void *context);

/* @done does not come. NULL is fine. */
void logger_ready_free(struct logger_ready *wait);

#endif
