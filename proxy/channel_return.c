// SPDX-License-Identifier: GPL-2.0-or-later
/* Gives a session's lease back, in a process of its own. */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_private.h"
#include "cleanup.h"
#include "ring.h"

#define TRIES		20
#define TRY_US		50000

/* Other sessions' leases must not stay for as long as this process. */
static void close_others(int a, int b)
{
	unsigned int low = (unsigned int)(a < b ? a : b), high = (unsigned int)(a < b ? b : a);

	if (low)
		syscall(SYS_close_range, 0, low - 1, 0);
	if (high > low + 1)
		syscall(SYS_close_range, low + 1, high - 1, 0);
	syscall(SYS_close_range, high + 1, ~0U, 0);
}

/* Who looks into a twin that ends, say at its memory's size, keeps its mappings. */
static int try_to_end(const struct channel *channel, int lease)
{
	int r = channel->device->end(lease);

	for (unsigned int i = 0; r == -EBUSY && i < TRIES; i++) {
		usleep(TRY_US);
		r = channel->device->end(lease);
	}
	return r;
}

/*
 * Systemd's store has a copy of the descriptor, and closes it in its own time. A
 * daemon that was killed may have left a returner that was here first: -ENODEV.
 */
static void end_lease(const struct channel *channel, uint32_t index, int lease)
{
	int r = try_to_end(channel, lease);

	close_fd(lease);
	__atomic_store_n(&channel->returned[index], r && r != -ENODEV ? r : RETURN_DONE,
			 __ATOMIC_RELEASE);
}

static _Noreturn void be_returner(const struct channel *channel, uint32_t index, int lease)
{
	close_others(lease, channel->event);
	end_lease(channel, index, lease);
	ring_signal(channel->event);
	_exit(0);
}

pid_t channel_return_lease(const struct channel *channel, uint32_t index, int lease)
{
	pid_t pid;

	if (lease < 0) {
		__atomic_store_n(&channel->returned[index], RETURN_DONE, __ATOMIC_RELAXED);
		return 0;
	}
	__atomic_store_n(&channel->returned[index], RETURN_UNDER_WAY, __ATOMIC_RELAXED);
	pid = fork();
	if (pid == 0)
		be_returner(channel, index, lease);
	if (pid > 0) {
		close_fd(lease);
		return pid;
	}
	end_lease(channel, index, lease);
	return 0;
}
