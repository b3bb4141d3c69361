/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The connection of a session over kbm: queues of messages, bits, doorbells. */
#ifndef KBM_PROXY_LINK_H
#define KBM_PROXY_LINK_H

#include <stdbool.h>

#include "wire.h"

/* -EAGAIN: full. -EPROTO: the other side's index is damaged. */
int link_put(struct kbm_message_queue *queue, uint32_t *tail, const struct kbm_message *message);
/* -EAGAIN: empty. -EPROTO: as above. */
int link_get(struct kbm_message_queue *queue, uint32_t *head, struct kbm_message *ret_message);

/* Calls @wake for each bit of @words that is set, and clears it. */
void link_take_bits(_Atomic uint64_t *bits, uint32_t words,
		    void (*wake)(void *argument, uint32_t bit), void *argument);
/* The caller knows that @bit is one of them. */
void link_set_bit(_Atomic uint64_t *bits, uint32_t bit);
/* Clears it. Whether it was set. */
bool link_take_bit(_Atomic uint64_t *bits, uint32_t bit);

/**
 * struct bell - how to ring the other partition's doorbell
 * @word:	where it publishes its word.
 * @send:	sends to what a word names; 0 or negative errno.
 * @device:	for @send.
 */
struct bell {
	const _Atomic uint64_t *word;
	int (*send)(int device, uint64_t word);
	int device;
};

void bell_ring(const struct bell *bell);
/* By KBM_SEND_DOORBELL. */
int bell_send_device(int device, uint64_t word);

#endif
