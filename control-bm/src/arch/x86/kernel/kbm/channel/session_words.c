// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: a session's doorbells. Those that its client has published for its
 * guest are listed in the session's first page: when this kernel has died, the
 * host takes them back.
 */

#include <linux/mm.h>

#include "channel.h"

/* Where the client's own doorbell word is: not in the guest's memory. */
static u64 client_word(const struct kbm_session *session)
{
	return session->start + offsetof(struct kbm_session_client, doorbell);
}

static u64 *find_word(struct kbm_session *session, u64 address)
{
	u64 *words = session->client->words;

	for (u32 i = 0; i < session->client->nr_words; i++) {
		if (words[i] == address)
			return &words[i];
	}
	return NULL;
}

/* Under session->lock. Before the word is published: never one unlisted. */
static int list_word(struct kbm_session *session, u64 address)
{
	struct kbm_session_client *client = session->client;
	u64 *entry;

	if (address == client_word(session))
		return 0;
	entry = find_word(session, 0);
	if (!entry) {
		if (client->nr_words == KBM_SESSION_WORDS) {
			kbm_error_set(session->error, "a session has at most %d doorbells",
				      KBM_SESSION_WORDS);
			return -ENOSPC;
		}
		entry = &client->words[client->nr_words];
		WRITE_ONCE(*entry, address);
		/* The entry before its count, for the host. */
		smp_store_release(&client->nr_words, client->nr_words + 1);
		return 0;
	}
	WRITE_ONCE(*entry, address);
	return 0;
}

static void unlist_word(struct kbm_session *session, u64 address)
{
	u64 *entry = find_word(session, address);

	if (entry)
		WRITE_ONCE(*entry, 0);
}

static int check_word(struct kbm_session *session, u64 address)
{
	int ret;

	if (address == client_word(session))
		return 0;
	if (address % sizeof(u64)) {
		kbm_error_set(session->error, "doorbell word at 0x%llx is not 8-byte aligned",
			      address);
		return -EINVAL;
	}
	ret = kbm_session_reach(session, address, sizeof(u64));
	return ret == -ENXIO ? -EINVAL : ret;
}

static int doorbell_assign(struct kbm_session *session, const struct kbm_doorbell *request)
{
	int ret = check_word(session, request->word);

	if (ret)
		return ret;
	guard(mutex)(&session->lock);
	if (find_word(session, request->word)) {
		kbm_error_set(session->error, "the word at 0x%llx has a doorbell", request->word);
		return -EEXIST;
	}
	ret = list_word(session, request->word);
	if (ret)
		return ret;
	ret = kbm_doorbell_assign(&session->doorbells, request);
	if (ret)
		unlist_word(session, request->word);
	return ret;
}

static int doorbell_deassign(struct kbm_session *session, const struct kbm_doorbell *request)
{
	int ret;

	guard(mutex)(&session->lock);
	ret = kbm_doorbell_deassign(&session->doorbells, request);
	if (!ret)
		unlist_word(session, request->word);
	return ret;
}

/* KBM_DOORBELL. */
int kbm_session_doorbell(struct kbm_session *session, const struct kbm_doorbell *request)
{
	if (request->flags & ~KBM_DOORBELL_DEASSIGN) {
		kbm_error_set(session->error, "unknown doorbell flags 0x%x", request->flags);
		return -EINVAL;
	}
	if (request->flags & KBM_DOORBELL_DEASSIGN)
		return doorbell_deassign(session, request);
	return doorbell_assign(session, request);
}

void kbm_session_doorbells_end(struct kbm_session *session)
{
	guard(mutex)(&session->lock);
	kbm_doorbell_deassign_all(&session->doorbells);
	/* All are 0 now: the host has none to take back. */
	WRITE_ONCE(session->client->nr_words, 0);
}

static bool is_own_cpu(const struct kbm_session *session, u32 apic_id)
{
	/* Pairs with the host's release: entries come before their count. */
	u32 nr = min_t(u32, smp_load_acquire(&session->host->nr_cpus), KBM_SESSION_CPUS);

	for (u32 i = 0; i < nr; i++) {
		if (READ_ONCE(session->host->apic_ids[i]) == apic_id)
			return true;
	}
	return false;
}

/**
 * kbm_session_ring() - KBM_SEND_DOORBELL
 * @session:	who rings: its twin, or its guest.
 * @word:	value of the doorbell's word.
 *
 * Return: 0, -EINVAL for no word of a doorbell, or -ENOENT for one that is
 * neither the twin's at this moment nor a CPU of the guest.
 */
int kbm_session_ring(struct kbm_session *session, u64 word)
{
	u32 apic_id = KBM_DOORBELL_APIC_ID(word);
	u8 vector = KBM_DOORBELL_VECTOR(word);

	if (word != KBM_DOORBELL_WORD(apic_id, vector) || vector < FIRST_EXTERNAL_VECTOR) {
		kbm_error_set(session->error,
			      "0x%llx is not a doorbell word with a vector from 32 on", word);
		return -EINVAL;
	}
	if (word != READ_ONCE(session->host->doorbell) && !is_own_cpu(session, apic_id)) {
		kbm_error_set(session->error,
			      "doorbell word 0x%llx is neither the twin's nor of a CPU of this session's guest; read the word again",
			      word);
		return -ENOENT;
	}
	kbm_send_ipi(apic_id, vector);
	return 0;
}
