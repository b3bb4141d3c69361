/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stdin, stdout and stderr of a process in the guest, between what containerd
 * named and streams.
 *
 *	stdio_open()		when it is created: descriptors, loggers
 *	stdio_wait()		until a logger is ready
 *	stdio_start()		when there is a guest: output moves
 *	stdio_start_input()	when it runs
 *	stdio_free()
 */
#ifndef KBM_SHIM_PROCESS_STDIO_H
#define KBM_SHIM_PROCESS_STDIO_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct problem;
struct stdio;
struct stream_mux;

/* As in CreateTaskRequest and ExecProcessRequest. */
struct stdio_names {
	const char *stdin_;
	const char *stdout_;
	const char *stderr_;
	bool terminal;
};

/* Numbers of streams for the agent; 0: /dev/null. */
struct stdio_streams {
	uint32_t stdin_;
	uint32_t stdout_;
	uint32_t stderr_;
};

/*
 * @id, @namespace_: for loggers. A FIFO without a reader is no error and never
 * becomes one: we are a reader, too. With a terminal stderr must not be named.
 * -EINVAL, or open()'s error; @problem names the URI.
 */
int stdio_open(const struct stdio_names *names, const char *namespace_, const char *id,
	       struct stdio **ret_stdio, struct problem *problem);

/*
 * @ready is called once: with NULL when output can come (at once, before this
 * returns, where there is no logger), or with what is wrong with the logger.
 */
void stdio_wait(struct stdio *stdio, struct ev_loop *loop,
		void (*ready)(const char *why, void *context), void *context);

/*
 * Opens streams with numbers from *@next_number on, which is moved on.
 * @drained: all output has been written, or cannot be; called once, unless
 * stdio_free() comes first, and never from within a function of this header.
 */
int stdio_start(struct stdio *stdio, struct ev_loop *loop, struct stream_mux *mux,
		uint32_t *next_number, void (*drained)(void *context), void *context,
		struct stdio_streams *ret_streams);

/*
 * Only now has a FIFO of stdin a reader. Not before, since ctr reads to the end of
 * its own input at once, and then forgets CloseIO if it has not heard that the
 * process is there.
 */
void stdio_start_input(struct stdio *stdio);

/* The process has ended: input is of no more use. */
void stdio_end_input(struct stdio *stdio);

/* stdin ends as soon as its other writers have closed it. */
void stdio_close_stdin(struct stdio *stdio);

bool stdio_is_drained(const struct stdio *stdio);

/* Bytes of output so far: whether it still moves. */
uint64_t stdio_written(const struct stdio *stdio);

/* Before the port of the mux is freed. NULL is fine. */
struct stdio *stdio_free(struct stdio *stdio);

#endif
