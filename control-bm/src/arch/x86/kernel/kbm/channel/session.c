// SPDX-License-Identifier: GPL-2.0
/* Kata BM: sessions of the channel, from the first open to the last page in use. */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "channel.h"

#define END_RETRY_MS	10
#define END_WARN	500	/* attempts: 5 s */

static bool session_in_use(struct kbm_session *session)
{
	struct kbm_memory *memory;

	if (kbm_memory_in_use(session->start, session->bytes))
		return true;
	list_for_each_entry(memory, &session->memories, list) {
		if (kbm_memory_in_use(memory->start, memory->bytes))
			return true;
	}
	return false;
}

static void session_finish(struct kbm_session *session)
{
	struct kbm_memory *memory, *next;

	list_for_each_entry_safe(memory, next, &session->memories, list) {
		list_del(&memory->list);
		kbm_memory_remove(memory);
	}
	mutex_lock(&kbm_channel.lock);
	kbm_channel_set_sequence(session->index, session->sequence + 1);
	kbm_channel.sessions[session->index] = NULL;
	mutex_unlock(&kbm_channel.lock);
	kfree(session);
}

/* The host may give the pages to others only when nobody here has one. */
static void session_end(struct kbm_session *session)
{
	if (!session_in_use(session)) {
		session_finish(session);
		return;
	}
	if (++session->attempts == END_WARN)
		pr_warn("session %u has ended, but its memory is in use by a device; waiting\n",
			session->index);
	schedule_delayed_work(&session->end, msecs_to_jiffies(END_RETRY_MS));
}

static void end_work(struct work_struct *work)
{
	session_end(container_of(to_delayed_work(work), struct kbm_session, end));
}

static struct kbm_session *session_new(u32 index, struct kbm_error *error)
{
	struct kbm_session *session = kzalloc(sizeof(*session), GFP_KERNEL);
	u64 bytes = kbm_channel.geometry.session_bytes;
	u64 offset = kbm_channel.geometry.first_session + index * bytes;

	if (!session)
		return NULL;
	session->index = index;
	session->sequence = READ_ONCE(kbm_channel.shared->client[index].sequence) + 1;
	session->start = kbm_channel.start + offset;
	session->bytes = bytes;
	session->client = (void *)kbm_channel.shared + offset;
	session->host = kbm_channel_host_page(index);
	session->error = error;
	mutex_init(&session->lock);
	INIT_LIST_HEAD(&session->memories);
	kbm_doorbells_init(&session->doorbells, error);
	INIT_DELAYED_WORK(&session->end, end_work);
	return session;
}

static bool session_is_free(u32 index)
{
	u32 sequence = READ_ONCE(kbm_channel.shared->client[index].sequence);
	/* Pairs with the host's release: it has wiped the session. */
	u32 done = smp_load_acquire(&kbm_channel.shared->host[index].done);

	return !kbm_channel.sessions[index] && !(sequence & 1) && sequence == done;
}

static struct kbm_session *session_take(u32 index, struct kbm_error *error)
{
	struct kbm_session *session = session_new(index, error);

	if (!session)
		return ERR_PTR(-ENOMEM);
	memset(session->client, 0, sizeof(*session->client));
	kbm_channel.sessions[index] = session;
	kbm_channel_set_sequence(index, session->sequence);
	return session;
}

/**
 * kbm_session_open() - take a free session
 * @error:	of the file whose session it becomes.
 *
 * The host may not have seen it yet when this returns.
 *
 * Return: the session, to be given to kbm_session_close(), or an ERR_PTR.
 */
struct kbm_session *kbm_session_open(struct kbm_error *error)
{
	int ret;

	guard(mutex)(&kbm_channel.lock);
	ret = kbm_channel_ready(error);
	if (ret)
		return ERR_PTR(ret);
	for (u32 i = 0; i < kbm_channel.geometry.nr_sessions; i++) {
		if (session_is_free(i))
			return session_take(i, error);
	}
	kbm_error_set(
		error,
		"none of the channel's %u sessions is free; end a guest, or give the channel more memory on the host",
		kbm_channel.geometry.nr_sessions);
	return ERR_PTR(-ENOSPC);
}

u32 kbm_session_state(const struct kbm_session *session)
{
	return READ_ONCE(kbm_channel.shared->host[session->index].state);
}

/* Its file and all mappings of it are gone. */
void kbm_session_close(struct kbm_session *session)
{
	kbm_session_doorbells_end(session);
	session_end(session);
}

/**
 * kbm_session_end_orphan() - end a session that an earlier control BM left
 * @index:	its number.
 * @error:	of the file that asks.
 *
 * Return: 0, -EINVAL for no session, -EBUSY for one of this control BM,
 * -ENOENT for one that has ended.
 */
int kbm_session_end_orphan(u32 index, struct kbm_error *error)
{
	u32 sequence;
	int ret;

	guard(mutex)(&kbm_channel.lock);
	ret = kbm_channel_ready(error);
	if (ret)
		return ret;
	if (index >= kbm_channel.geometry.nr_sessions) {
		kbm_error_set(error, "there is no session %u, the channel has %u", index,
			      kbm_channel.geometry.nr_sessions);
		return -EINVAL;
	}
	if (kbm_channel.sessions[index]) {
		kbm_error_set(error,
			      "session %u belongs to a process of this control BM; end that", index);
		return -EBUSY;
	}
	sequence = READ_ONCE(kbm_channel.shared->client[index].sequence);
	if (!(sequence & 1)) {
		kbm_error_set(error, "session %u is not open", index);
		return -ENOENT;
	}
	kbm_channel_set_sequence(index, sequence + 1);
	return 0;
}
