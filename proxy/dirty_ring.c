// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both sides write flags only: KVM and publish() that an entry is dirty, the
 * client and harvest() that it is done with. What a client writes elsewhere in
 * its copy nobody reads.
 */
#include "dirty_ring.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "kvm_newer.h"

#define PAGE	4096u
#define RING_AT	((off_t)KVM_DIRTY_LOG_PAGE_OFFSET * PAGE)

/**
 * struct dirty_ring
 * @kernel:	the mapping of the vCPU; @entries, a power of two.
 * @copy:	the client's; NULL until there is one.
 * @published:	count of entries that the copy has got.
 * @reset:	count of those that the client is done with.
 */
struct dirty_ring {
	struct dirty_rings *rings;
	struct dirty_ring *next;
	pthread_mutex_t lock;
	struct kvm_dirty_gfn *kernel;
	uint64_t bytes;
	uint32_t entries;
	struct transport *transport;
	struct kvm_dirty_gfn *copy;
	uint32_t published;
	uint32_t reset;
};

void dirty_rings_init(struct dirty_rings *rings)
{
	*rings = (struct dirty_rings){ 0 };
	pthread_mutex_init(&rings->lock, NULL);
}

void dirty_rings_done(struct dirty_rings *rings)
{
	pthread_mutex_destroy(&rings->lock);
}

void dirty_rings_enable(struct dirty_rings *rings, uint64_t bytes)
{
	if (bytes < PAGE || bytes > DIRTY_RING_MAX || bytes & (bytes - 1))
		return;
	pthread_mutex_lock(&rings->lock);
	rings->bytes = bytes;
	pthread_mutex_unlock(&rings->lock);
}

static uint64_t bytes_of_each(struct dirty_rings *rings)
{
	uint64_t bytes;

	pthread_mutex_lock(&rings->lock);
	bytes = rings->bytes;
	pthread_mutex_unlock(&rings->lock);
	return bytes;
}

static bool has_flag(const struct kvm_dirty_gfn *entry, uint32_t flag)
{
	return __atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & flag;
}

static void set_flags(struct kvm_dirty_gfn *entry, uint32_t flags)
{
	__atomic_store_n(&entry->flags, flags, __ATOMIC_RELEASE);
}

static void publish(struct dirty_ring *ring)
{
	while (ring->published - ring->reset < ring->entries) {
		uint32_t place = ring->published & (ring->entries - 1);
		const struct kvm_dirty_gfn *from = &ring->kernel[place];
		struct kvm_dirty_gfn *to = &ring->copy[place];

		if (!has_flag(from, KVM_DIRTY_GFN_F_DIRTY))
			break;
		to->slot = from->slot;
		to->offset = from->offset;
		set_flags(to, KVM_DIRTY_GFN_F_DIRTY);
		ring->published++;
	}
}

/* In order: KVM stops at the first one that is not done with, too. */
static void harvest(struct dirty_ring *ring)
{
	while (ring->reset != ring->published) {
		uint32_t place = ring->reset & (ring->entries - 1);

		if (!has_flag(&ring->copy[place], KVM_DIRTY_GFN_F_RESET))
			break;
		set_flags(&ring->copy[place], 0);
		set_flags(&ring->kernel[place], KVM_DIRTY_GFN_F_RESET);
		ring->reset++;
	}
}

static void for_each(struct dirty_rings *rings, void (*action)(struct dirty_ring *ring))
{
	pthread_mutex_lock(&rings->lock);
	for (struct dirty_ring *ring = rings->first; ring; ring = ring->next) {
		pthread_mutex_lock(&ring->lock);
		if (ring->copy)
			action(ring);
		pthread_mutex_unlock(&ring->lock);
	}
	pthread_mutex_unlock(&rings->lock);
}

void dirty_rings_before_reset(struct dirty_rings *rings)
{
	for_each(rings, harvest);
}

void dirty_rings_after_reset(struct dirty_rings *rings)
{
	for_each(rings, publish);
}

void dirty_ring_publish(struct dirty_ring *ring)
{
	if (!ring)
		return;
	pthread_mutex_lock(&ring->lock);
	if (ring->copy)
		publish(ring);
	pthread_mutex_unlock(&ring->lock);
}

static void add(struct dirty_rings *rings, struct dirty_ring *ring)
{
	pthread_mutex_lock(&rings->lock);
	ring->rings = rings;
	ring->next = rings->first;
	rings->first = ring;
	pthread_mutex_unlock(&rings->lock);
}

static void remove_from(struct dirty_rings *rings, const struct dirty_ring *ring)
{
	struct dirty_ring **place = &rings->first;

	pthread_mutex_lock(&rings->lock);
	while (*place != ring)
		place = &(*place)->next;
	*place = ring->next;
	pthread_mutex_unlock(&rings->lock);
}

static int map_kernel(struct dirty_ring *ring, int fd)
{
	ring->kernel = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, RING_AT);
	return ring->kernel == MAP_FAILED ? -errno : 0;
}

int dirty_ring_new(struct dirty_rings *rings, int fd, struct dirty_ring **ret_ring)
{
	uint64_t bytes = bytes_of_each(rings);
	struct dirty_ring *ring;
	int r;

	*ret_ring = NULL;
	if (!bytes)
		return 0;
	ring = calloc(1, sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	ring->bytes = bytes;
	ring->entries = (uint32_t)(ring->bytes / sizeof(*ring->kernel));
	r = map_kernel(ring, fd);
	if (r) {
		free(ring);
		return r;
	}
	pthread_mutex_init(&ring->lock, NULL);
	add(rings, ring);
	*ret_ring = ring;
	return 0;
}

void dirty_ring_free(struct dirty_ring *ring)
{
	if (!ring)
		return;
	remove_from(ring->rings, ring);
	if (ring->copy)
		ring->transport->ops->drop(ring->transport, ring->copy, ring->bytes);
	munmap(ring->kernel, ring->bytes);
	pthread_mutex_destroy(&ring->lock);
	free(ring);
}

static int share_locked(struct dirty_ring *ring, struct transport *transport,
			const struct kbm_message *message, int fd)
{
	void *copy;
	int r;

	if (ring->copy)
		return -EEXIST;
	if (message->size != ring->bytes)
		return -EINVAL;
	r = transport->ops->take(transport, message, fd, &copy);
	if (r)
		return r;
	ring->transport = transport;
	ring->copy = copy;
	publish(ring);
	return 0;
}

int dirty_ring_share(struct dirty_ring *ring, struct transport *transport,
		     const struct kbm_message *message, int fd)
{
	int r;

	if (!ring)
		return -ENODEV;
	pthread_mutex_lock(&ring->lock);
	r = share_locked(ring, transport, message, fd);
	pthread_mutex_unlock(&ring->lock);
	return r;
}
