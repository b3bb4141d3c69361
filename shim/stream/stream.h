/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Byte streams over one connection, each with its own flow control: one slow
 * reader stops only its own stream. No input or output here: bytes come in by
 * stream_mux_input() and go out by stream_mux_output(). stream/port.h moves them.
 *
 * On the wire, little-endian, 8 bytes before each payload:
 *
 *   u32 stream   not 0
 *   u32 length of the payload in bits 0..23, type in bits 24..31
 *
 *   type 1 open    u32 window   the sender takes that many bytes
 *   type 2 data    1 to 65536 bytes
 *   type 3 window  u32 bytes    the sender takes that many more
 *   type 4 end     -            the sender sends no more data
 *   type 5 reset   u32 errno    the same, and it takes no more either
 *
 * Both sides open a stream by its number (chosen by the shim, told to the agent
 * in CreateContainer and ExecProcess), in any order: nobody may send data before
 * the other side's "open", which carries the first window. A stream is over
 * when both sides have sent "end" or "reset". A number is used once.
 *
 * Whoever breaks these rules ends the connection: stream_mux_input() returns
 * -EPROTO. What a peer can make this side hold is bounded by STREAM_MAX times
 * the window of a stream.
 */
#ifndef KBM_STREAM_H
#define KBM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STREAM_MAX 4096 /* streams of a connection that are not over */
#define STREAM_PAYLOAD_MAX 65536
#define STREAM_WINDOW (256 * 1024) /* a good default */
#define STREAM_WINDOW_MAX (4 * 1024 * 1024)

struct stream_mux;
struct stream;

struct stream_handlers {
	/*
	 * Data came in. Returns how many bytes were taken, 0 to size; the rest
	 * is kept (within the window) for stream_peek(). Not called while data
	 * is kept. May be NULL when the window is 0.
	 */
	size_t (*received)(struct stream *stream, const void *data, size_t size);

	/*
	 * The peer sends no more. Called at most once with error 0: after
	 * "end", when all data has been taken; and at most once with an errno,
	 * whether or not it was called before: at "reset", when what was kept
	 * is gone, or at the connection's end.
	 */
	void (*ended)(struct stream *stream, int error);

	/*
	 * There is room again. Called once after stream_send() took less than
	 * it was offered, or stream_reserve() gave none. May be NULL.
	 */
	void (*writable)(struct stream *stream);
};

struct stream_mux_handlers {
	/* stream_mux_output() has something to do. */
	void (*output)(void *context);
};

/* Returns 0 or -ENOMEM. */
int stream_mux_new(const struct stream_mux_handlers *handlers, void *context,
		   struct stream_mux **ret_mux);

/*
 * Tells every stream that it ended with error (> 0), then frees all: pointers to
 * streams are void. Handlers must open none meanwhile. NULL is fine.
 */
void stream_mux_free(struct stream_mux *mux, int error);

/*
 * Takes all size bytes, cut anywhere, and calls handlers. Returns 0, -EPROTO
 * when the peer broke the rules (the connection is of no more use: free it), or
 * -ENOMEM. A handler may open, send, finish and close streams, but not free the
 * mux.
 */
int stream_mux_input(struct stream_mux *mux, const void *data, size_t size);

/*
 * The bytes to send next, valid until the next call on this mux. Returns their
 * number, 0 for none. Calls "ended" and "writable" handlers that are due.
 */
size_t stream_mux_output(struct stream_mux *mux, const void **ret_data);

/* The first size of those bytes have been sent. */
void stream_mux_sent(struct stream_mux *mux, size_t size);

/*
 * Opens this side's half. window: bytes that the peer may have under way or
 * kept here, 0 to STREAM_WINDOW_MAX; 0 for a stream that only sends. Returns 0,
 * -EINVAL (number 0, window too large), -EEXIST (number in use), -EMFILE
 * (STREAM_MAX) or -ENOMEM. The stream belongs to the mux until stream_close().
 */
int stream_open(struct stream_mux *mux, uint32_t number, uint32_t window,
		const struct stream_handlers *handlers, void *context, struct stream **ret_stream);

void *stream_context(const struct stream *stream);
uint32_t stream_number(const struct stream *stream);

/*
 * Where data may be put that is to be sent, and how much: 0 when the peer's window
 * or the output buffer allows none now. The place is good until another function of
 * this header is called; the first size bytes put there are sent by stream_commit().
 * After stream_finish(), or when the peer has reset the stream, there is always
 * room, and all is thrown away.
 */
size_t stream_reserve(struct stream *stream, void **ret_data);
void stream_commit(struct stream *stream, size_t size);

/* The same with data that is elsewhere; returns how much was taken, 0 to size. */
size_t stream_send(struct stream *stream, const void *data, size_t size);

/* "end": this side sends no more. */
void stream_finish(struct stream *stream);

/*
 * What "received" left; and takes size bytes of it, which opens the window again.
 */
size_t stream_peek(const struct stream *stream, const void **ret_data);
void stream_consume(struct stream *stream, size_t size);

/*
 * The caller is done with the stream: no handler is called any more and the
 * pointer is void. Sends "reset" with error (> 0) unless both sides have ended;
 * error 0 stands for ECANCELED. Data accepted by stream_send() is still sent
 * when stream_finish() was called before. NULL is fine.
 */
void stream_close(struct stream *stream, int error);

#endif
