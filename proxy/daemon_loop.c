// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_loop.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

/* Submitted in one go; how many are under way is not limited by it. */
#define ENTRIES	64

static struct io_uring ring;
static bool stopped;

int loop_init(void)
{
	int r = io_uring_queue_init(ENTRIES, &ring, IORING_SETUP_CLAMP);

	/* Twins are forked, and must not have it. */
	return r ? r : io_uring_ring_dontfork(&ring);
}

static struct io_uring_sqe *get_entry(struct loop_operation *operation)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe && io_uring_submit(&ring) >= 0)
		sqe = io_uring_get_sqe(&ring);
	if (sqe)
		io_uring_sqe_set_data(sqe, operation);
	return sqe;
}

int loop_wait_readable(struct loop_operation *operation, int fd)
{
	struct io_uring_sqe *sqe = get_entry(operation);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_poll_add(sqe, fd, POLLIN);
	io_uring_sqe_set_data(sqe, operation);
	return 0;
}

int loop_accept(struct loop_operation *operation, int listener)
{
	struct io_uring_sqe *sqe = get_entry(operation);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_accept(sqe, listener, NULL, NULL, SOCK_CLOEXEC);
	io_uring_sqe_set_data(sqe, operation);
	return 0;
}

int loop_send(struct loop_operation *operation, int socket, const void *data, size_t bytes)
{
	struct io_uring_sqe *sqe = get_entry(operation);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_send(sqe, socket, data, bytes, MSG_NOSIGNAL);
	io_uring_sqe_set_data(sqe, operation);
	return 0;
}

int loop_sleep(struct loop_operation *operation, unsigned int milliseconds)
{
	struct __kernel_timespec time = {
		.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000LL,
	};
	struct io_uring_sqe *sqe = get_entry(operation);
	int r;

	if (!sqe)
		return -EBUSY;
	io_uring_prep_timeout(sqe, &time, 0, 0);
	io_uring_sqe_set_data(sqe, operation);
	/* The kernel takes the time when it takes the entry. */
	r = io_uring_submit(&ring);
	return r < 0 ? r : 0;
}

static void finish(struct io_uring_cqe *cqe)
{
	struct loop_operation *operation = io_uring_cqe_get_data(cqe);
	int result = cqe->res;

	/* Before the call: it may start more, and fork. */
	io_uring_cqe_seen(&ring, cqe);
	operation->done(operation, result);
}

int loop_run(void)
{
	struct io_uring_cqe *cqe;
	int r;

	while (!stopped) {
		r = io_uring_submit_and_wait(&ring, 1);
		if (r < 0 && r != -EINTR && r != -EBUSY)
			return r;
		while (!stopped && !io_uring_peek_cqe(&ring, &cqe))
			finish(cqe);
	}
	return 0;
}

void loop_stop(void)
{
	stopped = true;
}
