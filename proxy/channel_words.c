// SPDX-License-Identifier: GPL-2.0-or-later
/* Doorbell words of a control BM that is no more: its CPUs may soon be another's. */
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "channel_private.h"

#define PAGE	4096u

/* The lease maps its own memory only: a word elsewhere stays as it is. */
static void clear_word(int lease, uint64_t word)
{
	uint8_t *page;

	if (!word || word % sizeof(uint64_t))
		return;
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, lease,
		    (off_t)(word & ~(uint64_t)(PAGE - 1)));
	if (page == MAP_FAILED)
		return;
	__atomic_store_n((uint64_t *)(page + word % PAGE), 0, __ATOMIC_RELEASE);
	munmap(page, PAGE);
}

void channel_clear_words(struct channel *channel, uint32_t index)
{
	struct kbm_session_client *client =
		(void *)(channel->memory + channel_session_offset(channel, index));
	uint32_t nr = __atomic_load_n(&client->nr_words, __ATOMIC_ACQUIRE);
	int lease = channel->slots[index].lease;

	__atomic_store_n(&client->doorbell, 0, __ATOMIC_RELEASE);
	for (uint32_t i = 0; lease >= 0 && i < nr && i < KBM_SESSION_WORDS; i++)
		clear_word(lease, __atomic_load_n(&client->words[i], __ATOMIC_RELAXED));
	__atomic_store_n(&client->nr_words, 0, __ATOMIC_RELEASE);
}
