// SPDX-License-Identifier: GPL-2.0-or-later
#include "link.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <asm/kbm.h>
#include <asm/kbm_guest.h>

/* A word that moves this often in a row is not a doorbell. */
#define MOVES	16

int link_put(struct kbm_message_queue *queue, uint32_t *tail, const struct kbm_message *message)
{
	uint32_t ahead = *tail - atomic_load_explicit(&queue->head, memory_order_acquire);

	if (ahead > KBM_LINK_MESSAGES)
		return -EPROTO;
	if (ahead == KBM_LINK_MESSAGES)
		return -EAGAIN;
	memcpy(&queue->messages[*tail % KBM_LINK_MESSAGES], message, sizeof(*message));
	atomic_store_explicit(&queue->tail, ++*tail, memory_order_release);
	return 0;
}

int link_get(struct kbm_message_queue *queue, uint32_t *head, struct kbm_message *ret_message)
{
	uint32_t ahead = atomic_load_explicit(&queue->tail, memory_order_acquire) - *head;

	if (ahead > KBM_LINK_MESSAGES)
		return -EPROTO;
	if (!ahead)
		return -EAGAIN;
	memcpy(ret_message, &queue->messages[*head % KBM_LINK_MESSAGES], sizeof(*ret_message));
	atomic_store_explicit(&queue->head, ++*head, memory_order_release);
	return 0;
}

void link_take_bits(_Atomic uint64_t *bits, uint32_t words,
		    void (*wake)(void *argument, uint32_t bit), void *argument)
{
	for (uint32_t i = 0; i < words; i++) {
		uint64_t word;

		if (!atomic_load_explicit(&bits[i], memory_order_relaxed))
			continue;
		word = atomic_exchange(&bits[i], 0);
		for (; word; word &= word - 1)
			wake(argument, i * 64 + (uint32_t)__builtin_ctzll(word));
	}
}

void link_set_bit(_Atomic uint64_t *bits, uint32_t bit)
{
	atomic_fetch_or(&bits[bit / 64], 1ULL << bit % 64);
}

bool link_take_bit(_Atomic uint64_t *bits, uint32_t bit)
{
	return atomic_fetch_and(&bits[bit / 64], ~(1ULL << bit % 64)) & 1ULL << bit % 64;
}

int bell_send_device(int device, uint64_t word)
{
	return ioctl(device, KBM_SEND_DOORBELL, &word) < 0 ? -errno : 0;
}

/* A word that has changed meanwhile may have been rung in vain: kbm_guest.h. */
void bell_ring(const struct bell *bell)
{
	uint64_t again, word = atomic_load(bell->word);

	for (unsigned int i = 0; i < MOVES && word & KBM_DOORBELL_VALID; i++) {
		bell->send(bell->device, word);
		again = atomic_load(bell->word);
		if (again == word)
			return;
		word = again;
	}
}
