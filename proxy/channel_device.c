// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's /dev/kata-bm for the channel. */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <asm/kbm.h>

#include "channel.h"
#include "link.h"

static int device_open(void)
{
	int fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int device_lend(int fd, uint32_t node, uint64_t bytes, uint64_t *ret_start)
{
	struct kbm_lend_memory memory = {
		.bytes = bytes, .node = node, .flags = KBM_MEMORY_ANY_NODE,
	};

	if (ioctl(fd, KBM_LEND_MEMORY, &memory) < 0)
		return -errno;
	*ret_start = memory.start;
	return 0;
}

static int device_end(int fd)
{
	return ioctl(fd, KBM_END_LEASE) < 0 ? -errno : 0;
}

static int device_doorbell(int fd, uint64_t word, int eventfd)
{
	struct kbm_doorbell doorbell = {
		.word = word, .eventfd = eventfd,
		.flags = eventfd < 0 ? KBM_DOORBELL_DEASSIGN : 0,
	};

	return ioctl(fd, KBM_DOORBELL, &doorbell) < 0 ? -errno : 0;
}

const struct channel_device channel_device_host = {
	.open = device_open,
	.lend = device_lend,
	.end = device_end,
	.doorbell = device_doorbell,
	.send = bell_send_device,
};
