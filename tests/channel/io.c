// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lent memory is memory to the control BM's kernel: a block device reads and
 * writes it directly, and io_uring takes it as a registered buffer.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "channel.h"
#include "cleanup.h"
#include "message.h"
#include "protocol.h"

#define IO_BYTES	(4U << 20)

static void fill(char *memory, unsigned int seed)
{
	for (unsigned int i = 0; i < IO_BYTES; i++)
		memory[i] = (char)(i * 7 + i / 4096 + seed);
}

static int is_filled(const char *memory, unsigned int seed)
{
	for (unsigned int i = 0; i < IO_BYTES; i++)
		if (memory[i] != (char)(i * 7 + i / 4096 + seed))
			return 0;
	return 1;
}

static int direct_io(int fd, char *memory)
{
	fill(memory, 1);
	if (pwrite(fd, memory, IO_BYTES, 0) != IO_BYTES)
		return fail(-errno, "direct write from lent memory");
	memset(memory, 0, IO_BYTES);
	if (pread(fd, memory, IO_BYTES, 0) != IO_BYTES)
		return fail(-errno, "direct read to lent memory");
	if (!is_filled(memory, 1))
		return fail(-EILSEQ, "what was read is not what was written");
	printf("direct I/O of %u bytes in lent memory\n", IO_BYTES);
	return 0;
}

static int submit(struct io_uring *uring, int fd, char *memory, bool is_write)
{
	struct io_uring_sqe *entry = io_uring_get_sqe(uring);
	struct io_uring_cqe *done;
	int r;

	if (is_write)
		io_uring_prep_write_fixed(entry, fd, memory, IO_BYTES, 0, 0);
	else
		io_uring_prep_read_fixed(entry, fd, memory, IO_BYTES, 0, 0);
	r = io_uring_submit_and_wait(uring, 1);
	if (r < 0 || io_uring_wait_cqe(uring, &done))
		return fail(r, "io_uring");
	r = done->res;
	io_uring_cqe_seen(uring, done);
	return r == (int)IO_BYTES ? 0 : fail(r < 0 ? r : -EIO, "io_uring, registered buffer");
}

static int registered_io(struct io_uring *uring, int fd, char *memory)
{
	struct iovec buffer = { .iov_base = memory, .iov_len = IO_BYTES };
	int r = io_uring_register_buffers(uring, &buffer, 1);

	if (r)
		return fail(r, "register lent memory with io_uring");
	fill(memory, 2);
	r = submit(uring, fd, memory, true);
	memset(memory, 0, IO_BYTES);
	if (!r)
		r = submit(uring, fd, memory, false);
	if (!r && !is_filled(memory, 2))
		r = fail(-EILSEQ, "what io_uring read is not what it wrote");
	if (!r)
		printf("io_uring with %u registered bytes of lent memory\n", IO_BYTES);
	return r;
}

static int io(const struct client *client, struct io_uring *uring, const char *path)
{
	cleanup_close int fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	uint64_t first = client->extent_bytes > LARGE_BYTES ? LARGE_BYTES : 4 * SMALL_BYTES;
	/* Across the border between two large pages, of two sizes if there are. */
	char *border = client->extent_memory + first - IO_BYTES / 2;
	int r;

	if (fd < 0)
		return fail(-errno, "open %s", path);
	r = direct_io(fd, client->extent_memory + 4096 * 3);
	if (!r)
		r = direct_io(fd, border);
	return r ? r : registered_io(uring, fd, border + 4096);
}

/* Whether this kernel still has a session. */
static int check_session_lives(void)
{
	cleanup_close int fd = open("/sys/class/misc/kata-bm/sessions", O_RDONLY | O_CLOEXEC);
	char line[64];

	if (read(fd, line, sizeof(line)) <= 0)
		return fail(-ENOENT, "the session has ended, and a device may still write to it");
	printf("closed; the session waits for the registered buffer\n");
	return 0;
}

/* The registered buffer outlives the mapping: the session must not end before. */
int test_io(const char *path)
{
	struct io_uring uring;
	struct client client;
	int r = io_uring_queue_init(4, &uring, 0);

	if (r)
		return fail(r, "io_uring_setup");
	r = client_open(&client);
	if (r)
		return r;
	r = io(&client, &uring, path);
	client_close(&client);
	sleep(1);
	if (!r)
		r = check_session_lives();
	io_uring_queue_exit(&uring);
	return r;
}
