// SPDX-License-Identifier: GPL-2.0-or-later
#include "ring.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include <x86intrin.h>

#include "transport.h"

/* The entries of both queues, by what they have in common. */
#define ENTRY_BYTES	64u
#define TURN_AT		60u

static_assert(sizeof(struct kbm_sqe) == ENTRY_BYTES, "layout");
static_assert(sizeof(struct kbm_cqe) == ENTRY_BYTES, "layout");
static_assert(offsetof(struct kbm_sqe, turn) == TURN_AT, "layout");
static_assert(offsetof(struct kbm_cqe, turn) == TURN_AT, "layout");

int ring_init(struct ring *ring, void *shared, uint64_t bytes)
{
	if (bytes < KBM_RING_ARENA + KBM_ARENA_MIN || bytes > KBM_RING_SIZE || bytes % 4096)
		return -EINVAL;
	ring->shared = shared;
	ring->arena = (uint32_t)bytes - KBM_RING_ARENA;
	ring->sq = ring->cq = 0;
	spin_init(&ring->spin);
	return 0;
}

uint8_t *ring_arena(const struct ring *ring)
{
	return (uint8_t *)ring->shared + KBM_RING_ARENA;
}

static uint8_t *entry_at(const struct ring *ring, uint32_t queue, uint32_t count)
{
	return (uint8_t *)ring->shared + queue + count % KBM_RING_ENTRIES * ENTRY_BYTES;
}

static _Atomic uint32_t *turn_of(uint8_t *entry)
{
	return (_Atomic uint32_t *)(entry + TURN_AT);
}

void ring_signal(int fd)
{
	const uint64_t one = 1;

	/* A full counter means that the other side has its wakeup already. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

/* The store of the turn, then the load of the sleeper's word: see wire.h. */
static bool publish(const struct ring *ring, uint8_t *entry, const void *from, uint32_t count,
		    _Atomic uint32_t *sleeps)
{
	memcpy(entry, from, TURN_AT);
	atomic_store_explicit(turn_of(entry), count + 1, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	if (!atomic_load_explicit(sleeps, memory_order_relaxed))
		return false;
	ring->transport->ops->wake(ring->transport, ring);
	return true;
}

static bool is_there(uint8_t *entry, uint32_t count)
{
	uint32_t turn = atomic_load_explicit(turn_of(entry), memory_order_acquire);

	/* Anything but the turn before is news: the entry, or damage. */
	return turn != (count < KBM_RING_ENTRIES ? 0 : count + 1 - KBM_RING_ENTRIES);
}

static bool spin_until(struct ring *ring, uint8_t *entry, uint32_t count, uint64_t begin)
{
	do {
		if (is_there(entry, count)) {
			spin_hit(&ring->spin);
			return true;
		}
		_mm_pause();
	} while (__rdtsc() - begin < ring->spin.budget);
	return false;
}

static void drain(int fd)
{
	uint64_t count;

	/* Not blocking: EAGAIN only says that there was nothing. */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static bool about_to_sleep(uint8_t *entry, uint32_t count, _Atomic uint32_t *sleeps)
{
	atomic_store_explicit(sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return !is_there(entry, count);
}

static int sleep_once(const struct ring *ring, int end_fd, const sigset_t *mask)
{
	struct pollfd fds[] = {
		{ .fd = ring->own_fd, .events = POLLIN },
		{ .fd = end_fd, .events = POLLRDHUP },
		{ .fd = mask ? ring->signal_fd : -1, .events = POLLIN },
	};
	int n = ppoll(fds, 3, NULL, mask);

	if (n < 0 && errno == EINTR)
		return mask ? -EINTR : 0;
	if (n < 0)
		return -errno;
	if (fds[2].revents)
		return -EINTR;
	if (fds[0].revents)
		drain(ring->own_fd);
	return !fds[0].revents && fds[1].revents ? -EIO : 0;
}

/* @end_fd and @mask may be missing. -EINTR only with @mask. */
static int wait_entry(struct ring *ring, uint8_t *entry, uint32_t count,
		      _Atomic uint32_t *sleeps, int end_fd, const sigset_t *mask)
{
	uint64_t begin;
	int r = 0;

	if (is_there(entry, count))
		return 0;
	begin = __rdtsc();
	if (spin_until(ring, entry, count, begin))
		return 0;
	while (!r && about_to_sleep(entry, count, sleeps))
		r = sleep_once(ring, end_fd, mask);
	atomic_store_explicit(sleeps, 0, memory_order_relaxed);
	spin_missed(&ring->spin, __rdtsc() - begin);
	/* What came before the end counts. */
	return is_there(entry, count) ? 0 : r;
}

static int take(uint8_t *entry, uint32_t count, void *ret)
{
	if (atomic_load_explicit(turn_of(entry), memory_order_acquire) != count + 1)
		return -EPROTO;
	memcpy(ret, entry, ENTRY_BYTES);
	return 0;
}

int ring_submit(struct ring *ring, const struct kbm_sqe *sqe)
{
	if (ring->sq - ring->cq >= KBM_RING_ENTRIES)
		return -EBUSY;
	publish(ring, entry_at(ring, KBM_RING_SQ, ring->sq), sqe, ring->sq,
		&ring->shared->twin_sleeps);
	ring->sq++;
	return 0;
}

int ring_wait_completion(struct ring *ring, int end_fd, const sigset_t *mask,
			 struct kbm_cqe *ret_cqe)
{
	uint8_t *entry = entry_at(ring, KBM_RING_CQ, ring->cq);
	int r;

	r = wait_entry(ring, entry, ring->cq, &ring->shared->client_sleeps, end_fd, mask);
	if (r)
		return r == -EINTR ? -EAGAIN : r;
	r = take(entry, ring->cq, ret_cqe);
	if (!r)
		ring->cq++;
	return r;
}

int ring_wait_call(struct ring *ring, struct kbm_sqe *ret_sqe)
{
	uint8_t *entry = entry_at(ring, KBM_RING_SQ, ring->sq);
	int r;

	r = wait_entry(ring, entry, ring->sq, &ring->shared->twin_sleeps, -1, NULL);
	if (!r)
		r = take(entry, ring->sq, ret_sqe);
	if (!r)
		ring->sq++;
	return r;
}

/* A client that leaves more calls under way than there are places loses some. */
bool ring_complete(struct ring *ring, const struct kbm_cqe *cqe)
{
	bool woken = publish(ring, entry_at(ring, KBM_RING_CQ, ring->cq), cqe, ring->cq,
			     &ring->shared->client_sleeps);

	ring->cq++;
	return woken;
}
