/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_PROXY_CHANNEL_PRIVATE_H
#define KBM_PROXY_CHANNEL_PRIVATE_H

#include <sys/types.h>

#include <asm/kbm_channel.h>

#include "channel.h"

/* Where the channel is; also the content of the stored "channel-place". */
struct channel_place {
	uint64_t start;
	uint64_t bytes;
	uint64_t session_bytes;
	uint64_t first_session;
	uint32_t nr_sessions;
	uint32_t reserved;
};

/**
 * struct channel_slot - this side's view of a session
 * @taken:	it is a control BM's; the rest is valid.
 * @has_twin:	its twin has not ended.
 * @killed:	and was told to.
 * @returner:	process that gives the lease back; 0: none.
 * @sequence:	the odd number with which it began.
 * @generation:	of the control BM that opened it.
 * @lease:	kept until the client is gone: until then it may still map what
 *		was lent.
 */
struct channel_slot {
	bool taken;
	bool has_twin;
	bool killed;
	pid_t returner;
	uint32_t sequence;
	uint64_t generation;
	int lease;
};

struct channel {
	const struct channel_host *host;
	void *context;
	const struct channel_device *device;
	struct channel_place place;
	int fd;
	int event;
	uint8_t *memory;
	struct kbm_channel *shared;
	int *returned;		/* shared with the returners, one for each slot: RETURN_* */
	struct channel_slot slots[KBM_CHANNEL_SESSIONS];
};

/* What a returner says; a negative errno: the lease could not be ended, and is closed. */
enum { RETURN_UNDER_WAY, RETURN_DONE };

static inline uint64_t channel_session_offset(const struct channel *channel, uint32_t index)
{
	return channel->place.first_session + index * channel->place.session_bytes;
}

/* channel_words.c: takes the control BM's doorbells of one session away. */
void channel_clear_words(struct channel *channel, uint32_t index);

/*
 * channel_return.c: ends @lease, and closes it. That takes seconds for memory to be
 * wiped and CPUs to start: so in a process of its own, which signals the event at
 * its end. Its pid, or 0 if it is done already.
 */
pid_t channel_return_lease(const struct channel *channel, uint32_t index, int lease);

/* channel_session.c: one session, as its sequence wants. */
void channel_session_poll(struct channel *channel, uint32_t index);
void channel_session_restore(struct channel *channel, uint32_t index);
void channel_ring_client(const struct channel *channel);

#endif
