/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_TEST_CHANNEL_H
#define KBM_TEST_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

/* ioctl() with its result as a negative errno. */
int call(int fd, unsigned long request, const void *argument);
/* KBM_SEND_DOORBELL. */
int send_doorbell(int fd, uint64_t word);

/**
 * struct client - the control BM's end: one session
 * @fd:		/dev/kata-bm; its session.
 * @start:	physical address of the session's memory.
 * @bytes:	of it.
 * @index:	its number.
 * @memory:	our mapping of it.
 * @bell:	eventfd of the session's client doorbell.
 * @extent:	what the host has lent to the session.
 * @extent_bytes: size of that.
 * @extent_memory: our mapping of it.
 */
struct client {
	int fd;
	uint64_t start;
	uint64_t bytes;
	uint32_t index;
	char *memory;
	int bell;
	uint64_t extent;
	uint64_t extent_bytes;
	char *extent_memory;
};

/* All return 0 or a negative errno, and have said what was wrong. */
int client_open(struct client *client);
void client_close(struct client *client);

/* Each is one word on the command line: main.c. */
int host_serve(uint64_t extent_bytes);
int test_requests(void);
int test_rings(unsigned int count);
int test_io(const char *path);
int test_hold(void);
int test_end(uint32_t index);

#endif
