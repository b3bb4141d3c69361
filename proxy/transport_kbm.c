// SPDX-License-Identifier: GPL-2.0-or-later
#include "transport_kbm.h"

#include <errno.h>

#include <asm/kbm_channel.h>

#include "ring.h"

/* Room for some rings in any session; 64 KiB in one of 2 MiB. */
static uint32_t arena_of(uint64_t bytes)
{
	uint64_t arena = bytes / 32 & ~4095ULL;

	if (arena < KBM_ARENA_MIN)
		return KBM_ARENA_MIN;
	return arena < KBM_ARENA_SIZE ? (uint32_t)arena : KBM_ARENA_SIZE;
}

int kbm_side_init(struct kbm_side *side, const struct kbm_setup *setup)
{
	if (setup->bytes < KBM_SESSION_DATA + KBM_LINK_SIZE || setup->bytes % 4096)
		return -EINVAL;
	side->data = (uint8_t *)setup->memory + KBM_SESSION_DATA;
	side->bytes = setup->bytes - KBM_SESSION_DATA;
	side->link = (struct kbm_link *)side->data;
	side->own_bell = setup->own_bell;
	side->bell = (struct bell){ .send = setup->send, .device = setup->device };
	side->base.end_fd = setup->end_fd;
	side->base.local_fd = -1;
	side->base.arena = arena_of(setup->bytes);
	pthread_mutex_init(&side->lock, NULL);
	return 0;
}

static void wake_ring(void *argument, uint32_t index)
{
	struct kbm_side *side = argument;

	pthread_mutex_lock(&side->lock);
	if (side->ring_fds[index])
		ring_signal(side->ring_fds[index] - 1);
	pthread_mutex_unlock(&side->lock);
}

void kbm_side_wake_rings(struct kbm_side *side, _Atomic uint64_t *bits)
{
	link_take_bits(bits, wake_ring, side);
}

int kbm_side_set_ring(struct kbm_side *side, uint32_t index, int fd)
{
	if (index >= KBM_MAX_RINGS)
		return -EPROTO;
	pthread_mutex_lock(&side->lock);
	side->ring_fds[index] = fd + 1;
	pthread_mutex_unlock(&side->lock);
	/* What was rung for before it was known. */
	if (fd >= 0)
		ring_signal(fd);
	return 0;
}
