// SPDX-License-Identifier: GPL-2.0-or-later
/* Gives a session's lease back, in a process of its own. */
#include <sys/syscall.h>
#include <unistd.h>

#include "channel_private.h"
#include "cleanup.h"
#include "ring.h"

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

static _Noreturn void be_returner(const struct channel *channel, uint32_t index, int lease)
{
	close_others(lease, channel->event);
	close_fd(lease);
	__atomic_store_n(&channel->returned[index], true, __ATOMIC_RELEASE);
	ring_signal(channel->event);
	_exit(0);
}

pid_t channel_return_lease(const struct channel *channel, uint32_t index, int lease)
{
	pid_t pid;

	if (lease < 0)
		return 0;
	__atomic_store_n(&channel->returned[index], false, __ATOMIC_RELAXED);
	pid = fork();
	if (pid == 0)
		be_returner(channel, index, lease);
	close_fd(lease);
	return pid > 0 ? pid : 0;
}
