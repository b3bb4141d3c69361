// SPDX-License-Identifier: GPL-2.0-or-later
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

#define SPIN_MAX	1024u	/* loops: some tens of microseconds */
#define SPIN_MIN	16u

int ring_map(struct ring *ring, int memfd)
{
	struct stat status;
	void *memory;
	int seals;

	seals = fcntl(memfd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(memfd, &status) < 0 ||
	    status.st_size != KBM_RING_SIZE)
		return -EINVAL;
	memory = mmap(NULL, KBM_RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	if (memory == MAP_FAILED)
		return -errno;
	ring->shared = memory;
	ring->sq = ring->cq = 0;
	ring->spin = SPIN_MAX / 4;
	return 0;
}

void ring_done(struct ring *ring)
{
	if (ring->shared)
		syscall(SYS_munmap, ring->shared, KBM_RING_SIZE);
	close_fd(ring->twin_fd);
	close_fd(ring->client_fd);
	ring->shared = NULL;
	ring->twin_fd = ring->client_fd = -1;
}

uint8_t *ring_arena(const struct ring *ring)
{
	return (uint8_t *)ring->shared + KBM_RING_ARENA;
}

static void *sq_entry(const struct ring *ring, uint32_t index)
{
	return (uint8_t *)ring->shared + KBM_RING_SQ +
	       index % KBM_RING_ENTRIES * sizeof(struct kbm_sqe);
}

static void *cq_entry(const struct ring *ring, uint32_t index)
{
	return (uint8_t *)ring->shared + KBM_RING_CQ +
	       index % KBM_RING_ENTRIES * sizeof(struct kbm_cqe);
}

/* The store of the tail, then the load of the sleeper's word: see wire.h. */
static void publish(_Atomic uint32_t *tail, uint32_t value, _Atomic uint32_t *sleeps, int fd)
{
	const uint64_t one = 1;

	atomic_store_explicit(tail, value, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	/* A full counter means that the other side has its wakeup already. */
	if (atomic_exchange_explicit(sleeps, 0, memory_order_relaxed) &&
	    write(fd, &one, sizeof(one)) < 0)
		return;
}

static bool has_news(_Atomic uint32_t *tail, uint32_t seen)
{
	return atomic_load_explicit(tail, memory_order_acquire) != seen;
}

static bool spin(struct ring *ring, _Atomic uint32_t *tail, uint32_t seen)
{
	for (uint32_t i = 0; i < ring->spin; i++) {
		if (has_news(tail, seen)) {
			ring->spin = ring->spin < SPIN_MAX / 2 ? ring->spin * 2 : SPIN_MAX;
			return true;
		}
		__builtin_ia32_pause();
	}
	ring->spin = ring->spin / 2 > SPIN_MIN ? ring->spin / 2 : SPIN_MIN;
	return false;
}

static void drain(int fd)
{
	uint64_t count;

	/* Not blocking: EAGAIN only says that there was nothing. */
	if (read(fd, &count, sizeof(count)) < 0)
		return;
}

static bool about_to_sleep(_Atomic uint32_t *tail, uint32_t seen, _Atomic uint32_t *sleeps)
{
	atomic_store_explicit(sleeps, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return !has_news(tail, seen);
}

/* @peer_fd and @mask may be missing. -EINTR only with @mask. */
static int wait_news(struct ring *ring, _Atomic uint32_t *tail, uint32_t seen,
		     _Atomic uint32_t *sleeps, int fd, int peer_fd, const sigset_t *mask)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = peer_fd, .events = POLLRDHUP },
	};
	int r = 0, n;

	if (has_news(tail, seen) || spin(ring, tail, seen))
		return 0;
	while (!r && about_to_sleep(tail, seen, sleeps)) {
		n = ppoll(fds, 2, NULL, mask);
		if (n < 0 && errno == EINTR)
			r = mask ? -EINTR : 0;
		else if (n < 0)
			r = -errno;
		else if (fds[0].revents)
			drain(fd);
		else if (fds[1].revents)
			r = -EIO;
	}
	atomic_store_explicit(sleeps, 0, memory_order_relaxed);
	/* What came before the end counts. */
	return has_news(tail, seen) ? 0 : r;
}

int ring_submit(struct ring *ring, const struct kbm_sqe *sqe)
{
	if (ring->sq - ring->cq >= KBM_RING_ENTRIES)
		return -EBUSY;
	memcpy(sq_entry(ring, ring->sq), sqe, sizeof(*sqe));
	publish(&ring->shared->sq_tail, ++ring->sq, &ring->shared->twin_sleeps, ring->twin_fd);
	return 0;
}

/* The other side can be ahead by at most the size of its queue. */
static int check_tail(_Atomic uint32_t *tail, uint32_t seen)
{
	uint32_t ahead = atomic_load_explicit(tail, memory_order_acquire) - seen;

	return ahead > 0 && ahead <= KBM_RING_ENTRIES ? 0 : -EPROTO;
}

int ring_wait_completion(struct ring *ring, int peer_fd, const sigset_t *mask,
			 struct kbm_cqe *ret_cqe)
{
	struct kbm_ring *shared = ring->shared;
	int r;

	r = wait_news(ring, &shared->cq_tail, ring->cq, &shared->client_sleeps,
		      ring->client_fd, peer_fd, mask);
	if (r)
		return r == -EINTR ? -EAGAIN : r;
	r = check_tail(&shared->cq_tail, ring->cq);
	if (r)
		return r;
	memcpy(ret_cqe, cq_entry(ring, ring->cq), sizeof(*ret_cqe));
	atomic_store_explicit(&shared->cq_head, ++ring->cq, memory_order_release);
	return 0;
}

int ring_wait_call(struct ring *ring, struct kbm_sqe *ret_sqe)
{
	struct kbm_ring *shared = ring->shared;
	int r;

	r = wait_news(ring, &shared->sq_tail, ring->sq, &shared->twin_sleeps, ring->twin_fd,
		      -1, NULL);
	if (!r)
		r = check_tail(&shared->sq_tail, ring->sq);
	if (r)
		return r;
	memcpy(ret_sqe, sq_entry(ring, ring->sq++), sizeof(*ret_sqe));
	return 0;
}

int ring_complete(struct ring *ring, const struct kbm_cqe *cqe)
{
	struct kbm_ring *shared = ring->shared;
	uint32_t head = atomic_load_explicit(&shared->cq_head, memory_order_acquire);

	if (ring->cq - head >= KBM_RING_ENTRIES)
		return -EPROTO;
	memcpy(cq_entry(ring, ring->cq), cqe, sizeof(*cqe));
	publish(&shared->cq_tail, ++ring->cq, &shared->client_sleeps, ring->client_fd);
	return 0;
}
