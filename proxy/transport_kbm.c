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

/* Each has a ring, and a copy of its run page: three pages, as KVM has it on x86. */
static uint32_t vcpus_of(uint64_t bytes, uint32_t arena)
{
	uint64_t each = KBM_RING_ARENA + arena + 3 * 4096;
	uint64_t most = (bytes - KBM_LINK_SIZE) / each;

	if (most > KBM_MAX_RINGS)
		most = KBM_MAX_RINGS;
	return most > TRANSPORT_OTHER_RINGS ? (uint32_t)most - TRANSPORT_OTHER_RINGS : 1;
}

static void init_bits(struct kbm_side *side, bool is_twin, int stop)
{
	const int fds[EVENTS_OWN_FDS] = { side->own_bell, stop };
	struct kbm_link *link = side->link;

	side->ring_bits = is_twin ? link->twin_bits : link->client_bits;
	events_init(&side->events, fds, is_twin ? link->client_events : link->twin_events,
		    is_twin ? link->twin_events : link->client_events);
	side->base.events = &side->events;
}

int kbm_side_init(struct kbm_side *side, const struct kbm_setup *setup, bool is_twin, int stop)
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
	side->base.vcpus = vcpus_of(side->bytes, side->base.arena);
	pthread_mutex_init(&side->lock, NULL);
	init_bits(side, is_twin, stop);
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

int kbm_side_wait(struct kbm_side *side)
{
	bool ready[EVENTS_OWN_FDS] = { false };

	while (!ready[0]) {
		int r = events_wait(&side->events, ready);

		if (r < 0)
			return r;
		if (r)
			bell_ring(&side->bell);
		if (ready[1])
			return -EINTR;
	}
	/* Before the bits are looked at: who sets one later rings again. */
	eventfd_take(side->own_bell);
	link_take_bits(side->ring_bits, KBM_LINK_BITS, wake_ring, side);
	events_receive(&side->events);
	return 0;
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
