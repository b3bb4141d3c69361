/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests of ttrpc: one end of a pair is the library's, the other is here and
 * writes any bytes it likes. Both are on one thread, so each wait runs the loop.
 */
#ifndef TESTS_UNIT_TTRPC_RAW_H
#define TESTS_UNIT_TTRPC_RAW_H

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "ttrpc.pb-c.h"
#include "ttrpc/ttrpc.h"

#define RAW_HEADER	10
/* Nothing here takes longer, under sanitizers and load either. */
#define RAW_SECONDS	20

struct raw_frame {
	uint32_t stream;
	uint8_t type;
	uint8_t flags;
	uint32_t length;
	uint8_t *data;
};

static inline double raw_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ret_ends[0] is for the library. */
static inline void raw_pair(int ret_ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				    ret_ends), 0);
}

/* Once, whatever there is to do. */
static inline void raw_turn(struct ev_loop *loop)
{
	ev_run(loop, EVRUN_NOWAIT);
}

/* Runs the test's own "loop" until then; fails after RAW_SECONDS. */
#define UNTIL(condition) \
	do { \
		double until_end = raw_now() + RAW_SECONDS; \
\
		while (!(condition)) { \
			raw_turn(loop); \
			usleep(200); \
			assert_true(raw_now() < until_end); \
		} \
	} while (0)

static inline void raw_write(struct ev_loop *loop, int fd, const void *bytes, size_t size)
{
	const uint8_t *next = bytes;
	double end = raw_now() + RAW_SECONDS;

	while (size) {
		ssize_t part = send(fd, next, size, MSG_NOSIGNAL);

		if (part < 0) {
			assert_int_equal(errno, EAGAIN);
			part = 0;
		}
		next += part;
		size -= (size_t)part;
		raw_turn(loop);
		assert_true(raw_now() < end);
	}
	raw_turn(loop);
}

static inline void raw_read(struct ev_loop *loop, int fd, void *bytes, size_t size)
{
	uint8_t *next = bytes;
	double end = raw_now() + RAW_SECONDS;

	while (size) {
		ssize_t part;

		raw_turn(loop);
		part = recv(fd, next, size, 0);
		if (part < 0) {
			assert_int_equal(errno, EAGAIN);
			part = 0;
			assert_true(raw_now() < end);
		} else {
			assert_true(part > 0);
		}
		next += part;
		size -= (size_t)part;
	}
}

static inline size_t raw_header(uint8_t *header, uint32_t length, uint32_t stream, uint8_t type,
				uint8_t flags)
{
	uint32_t words[2] = { htobe32(length), htobe32(stream) };

	memcpy(header, words, sizeof(words));
	header[8] = type;
	header[9] = flags;
	return RAW_HEADER;
}

static inline void raw_send(struct ev_loop *loop, int fd, uint32_t stream, uint8_t type,
			    const void *data, size_t size)
{
	uint8_t *frame = malloc(RAW_HEADER + size);

	assert_non_null(frame);
	raw_header(frame, (uint32_t)size, stream, type, 0);
	if (size)
		memcpy(frame + RAW_HEADER, data, size);
	raw_write(loop, fd, frame, RAW_HEADER + size);
	free(frame);
}

/* data is to be freed. */
static inline struct raw_frame raw_receive(struct ev_loop *loop, int fd)
{
	uint8_t header[RAW_HEADER];
	struct raw_frame frame;
	uint32_t words[2];

	raw_read(loop, fd, header, sizeof(header));
	memcpy(words, header, sizeof(words));
	frame.length = be32toh(words[0]);
	frame.stream = be32toh(words[1]);
	frame.type = header[8];
	frame.flags = header[9];
	assert_true(frame.length <= TTRPC_MAX_DATA);
	frame.data = malloc(frame.length + 1);
	assert_non_null(frame.data);
	raw_read(loop, fd, frame.data, frame.length);
	return frame;
}

/* Whether the library has closed its end. */
static inline bool raw_is_closed(struct ev_loop *loop, int fd)
{
	uint8_t byte;

	for (int i = 0; i < 10; i++)
		raw_turn(loop);
	return !recv(fd, &byte, 1, MSG_PEEK) || errno == ECONNRESET;
}

static inline bool raw_is_silent(struct ev_loop *loop, int fd)
{
	uint8_t byte;

	for (int i = 0; i < 10; i++)
		raw_turn(loop);
	return recv(fd, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

static inline void raw_request(struct ev_loop *loop, int fd, uint32_t stream, const char *service,
			       const char *method, const ProtobufCMessage *message,
			       int64_t timeout_nano)
{
	Ttrpc__Request request = TTRPC__REQUEST__INIT;
	uint8_t *bytes, *payload = malloc(protobuf_c_message_get_packed_size(message) + 1);
	size_t size;

	assert_non_null(payload);
	request.service = (char *)(uintptr_t)service;
	request.method = (char *)(uintptr_t)method;
	request.timeout_nano = timeout_nano;
	request.payload.len = protobuf_c_message_pack(message, payload);
	request.payload.data = payload;
	size = ttrpc__request__get_packed_size(&request);
	bytes = malloc(size + 1);
	assert_non_null(bytes);
	ttrpc__request__pack(&request, bytes);
	raw_send(loop, fd, stream, 1, bytes, size);
	free(bytes);
	free(payload);
}

/*
 * Takes the next frame, which must be the answer on @stream, and returns its code.
 * *ret_payload, if wanted, is for free().
 */
static inline int raw_answer(struct ev_loop *loop, int fd, uint32_t stream,
			     ProtobufCBinaryData *ret_payload)
{
	struct raw_frame frame = raw_receive(loop, fd);
	Ttrpc__Response *response = ttrpc__response__unpack(NULL, frame.length, frame.data);
	int code;

	assert_non_null(response);
	assert_int_equal(frame.type, 2);
	assert_int_equal(frame.flags, 0);
	assert_int_equal(frame.stream, stream);
	code = response->status ? response->status->code : 0;
	if (ret_payload) {
		*ret_payload = response->payload;
		response->payload = (ProtobufCBinaryData){ 0 };
	}
	ttrpc__response__free_unpacked(response, NULL);
	free(frame.data);
	return code;
}

#endif
