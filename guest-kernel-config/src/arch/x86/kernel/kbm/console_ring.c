// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: the producer's side of the console ring.
 *
 * The size and the head are kept here and only written there: whatever the
 * VMM does to the shared page, we write inside the ring.
 */
#include <linux/console.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/spinlock.h>

#include <asm/msr.h>
#include <asm/processor.h>

#include "console_ring.h"
#include "kbm.h"

/* How long to wait for a reader that does not read. */
#define WAIT_MS		100

static struct {
	struct kbm_console *shared;
	u32 size;
	u32 head;
	/* The reader did not move from here: do not wait for it again. */
	bool stalled;
	u32 stalled_at;
	raw_spinlock_t lock;
} ring = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(ring.lock),
};

static u32 used(void)
{
	/* What the reader read may be overwritten once we see it. */
	return ring.head - smp_load_acquire(&ring.shared->tail);
}

static u32 room(void)
{
	u32 bytes = used();

	/* More than the ring holds: the tail is nonsense. */
	return bytes > ring.size ? 0 : ring.size - bytes;
}

/* Wait until the reader has left at least @bytes of room. */
static bool wait_for_room(u32 bytes)
{
	u64 end = rdtsc() + kbm_info->tsc_khz * WAIT_MS;

	kbm_doorbell_ring(&ring.shared->doorbell);
	if (ring.stalled && READ_ONCE(ring.shared->tail) == ring.stalled_at)
		return false;
	while (room() < bytes) {
		if ((s64)(rdtsc() - end) > 0) {
			ring.stalled = true;
			ring.stalled_at = READ_ONCE(ring.shared->tail);
			return false;
		}
		cpu_relax();
	}
	ring.stalled = false;
	return true;
}

static u32 put(const char *text, u32 count)
{
	u32 at = ring.head & (ring.size - 1);

	count = min3(count, room(), ring.size - at);
	memcpy(ring.shared->data + at, text, count);
	ring.head += count;
	/* The bytes before the count that covers them. */
	smp_store_release(&ring.shared->head, ring.head);
	return count;
}

static void write_locked(const char *text, u32 count)
{
	while (count) {
		u32 done = put(text, count);

		text += done;
		count -= done;
		if (!done && !wait_for_room(1)) {
			WRITE_ONCE(ring.shared->dropped,
				   ring.shared->dropped + count);
			break;
		}
	}
	kbm_doorbell_ring(&ring.shared->doorbell);
}

/* When the kernel is dying the owner of the lock may never let go of it. */
static bool lock_ring(unsigned long *flags)
{
	if (oops_in_progress)
		return raw_spin_trylock_irqsave(&ring.lock, *flags);
	raw_spin_lock_irqsave(&ring.lock, *flags);
	return true;
}

void kbm_ring_write(const char *text, unsigned int count)
{
	unsigned long flags = 0;
	bool locked;

	if (!ring.shared)
		return;
	locked = lock_ring(&flags);
	write_locked(text, count);
	if (locked)
		raw_spin_unlock_irqrestore(&ring.lock, flags);
}

unsigned int kbm_ring_room(void)
{
	return ring.shared ? room() : 0;
}

/* Give the reader a chance to read the last words. */
void kbm_ring_drain(void)
{
	if (ring.shared && used())
		wait_for_room(ring.size);
}

bool kbm_ring_ready(void)
{
	return ring.shared;
}

/* The ring is mapped somewhere else now, or (NULL) no longer. */
void kbm_ring_move(struct kbm_console *shared)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ring.lock, flags);
	ring.shared = shared;
	raw_spin_unlock_irqrestore(&ring.lock, flags);
}

/**
 * kbm_ring_init - start to write to a ring
 * @shared:	the ring.
 * @bytes:	what is mapped of it, header included.
 *
 * Return: 0, or -EINVAL for a wrong magic or size.
 */
int kbm_ring_init(struct kbm_console *shared, u64 bytes)
{
	u32 size = READ_ONCE(shared->size);

	if (READ_ONCE(shared->magic) != KBM_CONSOLE_MAGIC ||
	    !is_power_of_2(size) || size > bytes - sizeof(*shared))
		return -EINVAL;
	ring.size = size;
	ring.head = READ_ONCE(shared->head);
	ring.shared = shared;
	return 0;
}
