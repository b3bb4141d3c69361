/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moves bytes between a descriptor (pipe, FIFO, terminal, file) and a stream,
 * in one direction, no faster than the slower of the two.
 */
#ifndef KBM_STREAM_PUMP_H
#define KBM_STREAM_PUMP_H

#include <ev.h>

#include "stream.h"

struct stream_pump;

/*
 * Nothing more will be moved: all of the source has been sent, or handed to the
 * descriptor (error 0), or one side failed (error > 0: an errno). Called once,
 * never from within a function of this header; the callee may free the pump.
 */
typedef void stream_pump_done(void *context, int error);

/*
 * Opens the stream and sends what fd gives, then "end". A read that fails with
 * EIO is the end, too: that is how a terminal's master tells it.
 *
 * fd: made non-blocking (which other descriptors of the same open file will
 * notice); it belongs to the pump once 0 is returned. Returns 0 or what
 * stream_open() returns. done may be NULL.
 */
int stream_pump_from(struct ev_loop *loop, struct stream_mux *mux,
		     uint32_t number, int fd, stream_pump_done *done,
		     void *context, struct stream_pump **ret_pump);

/*
 * Opens the stream with STREAM_WINDOW and writes what comes to fd; closes fd
 * after the peer's "end". When writing fails (EPIPE: nobody reads), the stream
 * is reset with that error. Other conditions as above.
 */
int stream_pump_to(struct ev_loop *loop, struct stream_mux *mux,
		   uint32_t number, int fd, stream_pump_done *done,
		   void *context, struct stream_pump **ret_pump);

/*
 * For pump_from: nothing more will be written to the source by those who
 * matter, though others may hold it open: sends what can be read without
 * waiting, then "end". For pump_to: nothing to do.
 */
void stream_pump_drain(struct stream_pump *pump);

/* Bytes moved so far. */
uint64_t stream_pump_moved(const struct stream_pump *pump);

/* Stops; resets the stream unless it is over. Calls nothing. NULL is fine. */
void stream_pump_free(struct stream_pump *pump);

#endif
