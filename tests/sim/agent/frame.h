/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames between the launcher and the agent in the simulated server: a header,
 * then its payload. Both ends are little endian. tests/sim/kbmsim/agent.py is
 * the other side.
 */
#ifndef SIM_FRAME_H
#define SIM_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX_PAYLOAD	65536

enum frame_type {
	/* launcher to agent */
	FRAME_RUN = 1,		/* u32 RUN_* flags, then a command for sh -c */
	FRAME_STDIN = 2,	/* data; empty: end of file */
	FRAME_SIGNAL = 3,	/* u32 signal, to the job's process group */
	FRAME_RESIZE = 4,	/* u16 rows, u16 columns of a terminal */
	/* agent to launcher */
	FRAME_HELLO = 128,	/* u32 FRAME_VERSION; the agent is there */
	FRAME_STDOUT = 129,	/* data */
	FRAME_STDERR = 130,	/* data */
	FRAME_EXIT = 131,	/* u32 exit status, 128 + signal as a shell's */
};

#define FRAME_VERSION	1

#define RUN_TERMINAL	(1u << 0)	/* on a pseudo-terminal */

struct frame_header {
	uint32_t size;		/* of the payload */
	uint32_t type;
	uint32_t job;		/* chosen by the launcher */
};

struct frame {
	struct frame_header header;
	uint8_t payload[FRAME_MAX_PAYLOAD];
};

/**
 * struct frame_reader - collects frames from a stream of bytes
 * @frame:	the frame that is being read.
 * @have:	bytes of it, header included, that are there.
 */
struct frame_reader {
	struct frame frame;
	size_t have;
};

/**
 * frame_reader_feed - take bytes of the stream
 * @reader:	where frames are collected.
 * @data:	the bytes.
 * @size:	how many.
 * @ret_used:	how many were taken.
 *
 * Return: 1 when reader->frame is complete (it stays so until the next call),
 * 0 when more bytes are needed, -EPROTO when a payload is too long.
 */
int frame_reader_feed(struct frame_reader *reader, const uint8_t *data,
		      size_t size, size_t *ret_used);

/* Writes one frame to @fd, waiting as long as that takes. */
int frame_write(int fd, uint32_t job, uint32_t type, const void *payload,
		size_t size);

/* The 32-bit word at @offset of the payload, or 0 if it is shorter. */
uint32_t frame_word(const struct frame *frame, size_t offset);

#endif
