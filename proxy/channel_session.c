// SPDX-License-Identifier: GPL-2.0-or-later
/* Begin and end of one session, by its sequence numbers. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <asm/kbm_guest.h>

#include "channel_private.h"
#include "cleanup.h"
#include "link.h"

#define NAME_BYTES	24

static void lease_name(char *name, uint32_t index)
{
	snprintf(name, NAME_BYTES, "lease-%u", index);
}

void channel_ring_client(const struct channel *channel)
{
	const struct bell bell = {
		.word = (const _Atomic uint64_t *)&channel->shared->client_doorbell,
		.send = channel->device->send, .device = channel->fd,
	};

	bell_ring(&bell);
}

static void tell_state(struct channel *channel, uint32_t index, uint32_t state)
{
	__atomic_store_n(&channel->shared->host[index].state, state, __ATOMIC_RELEASE);
	channel_ring_client(channel);
}

static uint64_t bell_word(const struct channel *channel, uint32_t index)
{
	return channel->place.start + channel_session_offset(channel, index) + KBM_SESSION_HOST +
	       offsetof(struct kbm_session_host, doorbell);
}

static int start_twin(struct channel *channel, uint32_t index)
{
	cleanup_close int bell = eventfd(0, EFD_CLOEXEC);
	struct channel_slot *slot = &channel->slots[index];
	struct channel_session session = {
		.index = index, .channel = channel->fd, .bell = bell,
		.start = channel->place.start + channel_session_offset(channel, index),
		.bytes = channel->place.session_bytes,
	};
	char name[NAME_BYTES];
	int r;

	if (bell < 0)
		return -errno;
	slot->lease = session.lease = channel->device->open();
	if (slot->lease < 0)
		return slot->lease;
	lease_name(name, index);
	channel->host->store(name, slot->lease);
	r = channel->device->doorbell(channel->fd, bell_word(channel, index), bell);
	return r ? r : channel->host->start(channel->context, &session);
}

static void begin(struct channel *channel, uint32_t index, uint32_t sequence)
{
	struct channel_slot *slot = &channel->slots[index];

	*slot = (struct channel_slot){
		.taken = true, .sequence = sequence, .lease = -1,
		.generation = __atomic_load_n(&channel->shared->generation, __ATOMIC_RELAXED),
	};
	slot->has_twin = !start_twin(channel, index);
	tell_state(channel, index, slot->has_twin ? KBM_SESSION_SERVED : KBM_SESSION_ENDED);
}

static void tell_done(struct channel *channel, uint32_t index, uint32_t sequence)
{
	__atomic_store_n(&channel->shared->host[index].state, KBM_SESSION_IDLE, __ATOMIC_RELAXED);
	__atomic_store_n(&channel->shared->host[index].done, sequence, __ATOMIC_RELEASE);
	channel_ring_client(channel);
}

/* A daemon that is killed before leaves the lease to the next one, which ends it again. */
static void forget_lease(struct channel *channel, uint32_t index)
{
	int returned = __atomic_load_n(&channel->returned[index], __ATOMIC_ACQUIRE);
	char name[NAME_BYTES];

	if (returned < 0)
		channel->host->lasting(channel->context, index, returned);
	lease_name(name, index);
	channel->host->unstore(name);
}

/* Nobody uses the session's memory any more, on either side. */
static void finish(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot = &channel->slots[index];

	forget_lease(channel, index);
	memset(channel->memory + channel_session_offset(channel, index), 0,
	       channel->place.session_bytes);
	slot->taken = false;
	tell_done(channel, index, slot->sequence + 1);
}

static void give_back(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot = &channel->slots[index];

	channel->device->doorbell(channel->fd, bell_word(channel, index), -1);
	slot->returner = channel_return_lease(channel, index, slot->lease);
	slot->lease = -1;
	if (!slot->returner)
		finish(channel, index);
}

/* After its word it only exits; it ends without one if it was killed. */
static bool has_returned(struct channel *channel, uint32_t index)
{
	const struct channel_slot *slot = &channel->slots[index];
	bool told = __atomic_load_n(&channel->returned[index], __ATOMIC_ACQUIRE) !=
		    RETURN_UNDER_WAY;

	return waitpid(slot->returner, NULL, told ? 0 : WNOHANG) != 0;
}

static void end(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot = &channel->slots[index];

	if (slot->returner) {
		if (has_returned(channel, index))
			finish(channel, index);
	} else if (!slot->has_twin) {
		give_back(channel, index);
	} else if (!slot->killed) {
		slot->killed = true;
		channel->host->kill(channel->context, index);
	}
}

void channel_session_poll(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot = &channel->slots[index];
	uint32_t sequence =
		__atomic_load_n(&channel->shared->client[index].sequence, __ATOMIC_ACQUIRE);

	if (slot->taken && sequence != slot->sequence)
		end(channel, index);
	if (!slot->taken && sequence & 1 && sequence != slot->sequence)
		begin(channel, index, sequence);
}

void channel_twin_ended(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot;

	if (index >= channel->place.nr_sessions || !channel->slots[index].has_twin)
		return;
	slot = &channel->slots[index];
	slot->has_twin = false;
	tell_state(channel, index, KBM_SESSION_ENDED);
	channel_session_poll(channel, index);
}

/* A session has a lease for as long as it is taken. */
void channel_session_restore(struct channel *channel, uint32_t index)
{
	struct channel_slot *slot = &channel->slots[index];
	uint32_t sequence =
		__atomic_load_n(&channel->shared->client[index].sequence, __ATOMIC_ACQUIRE);
	char name[NAME_BYTES];
	int lease;

	lease_name(name, index);
	lease = channel->host->take(name);
	if (lease < 0) {
		/* The daemon before had only its last word to say. */
		if (!(sequence & 1))
			tell_done(channel, index, sequence);
		return;
	}
	/* What "done" says is this side's own, but in memory that the other can write. */
	*slot = (struct channel_slot){
		.taken = true, .lease = lease,
		.sequence = __atomic_load_n(&channel->shared->host[index].done,
					    __ATOMIC_RELAXED) + 1,
		.generation = __atomic_load_n(&channel->shared->generation, __ATOMIC_RELAXED),
		.has_twin = channel->host->alive(channel->context, index),
	};
	if (!slot->has_twin)
		tell_state(channel, index, KBM_SESSION_ENDED);
}
