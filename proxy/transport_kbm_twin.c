// SPDX-License-Identifier: GPL-2.0-or-later
/* The twin's side of a session of the channel. */
#include "transport_kbm.h"

#include <errno.h>
#include <stdlib.h>

#include <asm/kbm_channel.h>

#include "ring.h"

static int twin_send(struct transport *transport, const struct kbm_message *message,
		     const int *fds, unsigned int nr)
{
	struct kbm_side *side = (struct kbm_side *)transport;
	int r;

	(void)fds;
	if (nr)
		return -EOPNOTSUPP;
	r = link_put(&side->link->to_client, &side->sent, message);
	/* A client that asks without taking answers. */
	if (r)
		return -EPROTO;
	bell_ring(&side->bell);
	return 0;
}

/* The one place where the twin waits for the doorbell. */
static int twin_receive(struct transport *transport, struct kbm_message *ret_message, int *ret_fds)
{
	struct kbm_side *side = (struct kbm_side *)transport;
	int r;

	for (unsigned int i = 0; i < KBM_MAX_FDS; i++)
		ret_fds[i] = -1;
	for (;;) {
		r = link_get(&side->link->to_twin, &side->received, ret_message);
		if (r != -EAGAIN)
			return r;
		r = kbm_side_wait(side);
		if (r)
			return r;
	}
}

static void twin_wake(struct transport *transport, const struct ring *ring)
{
	struct kbm_side *side = (struct kbm_side *)transport;

	link_set_bit(side->link->client_bits, ring->index);
	bell_ring(&side->bell);
}

static int twin_take(struct transport *transport, const struct kbm_message *message, int fd,
		     void **ret_memory)
{
	const struct kbm_side *side = (const struct kbm_side *)transport;

	(void)fd;
	if (message->offset % 4096 || message->size % 4096 || !message->size ||
	    message->offset < KBM_LINK_SIZE || message->offset > side->bytes ||
	    message->size > side->bytes - message->offset)
		return -EINVAL;
	*ret_memory = side->data + message->offset;
	return 0;
}

static void twin_drop(struct transport *transport, void *memory, uint64_t bytes)
{
	(void)transport;
	(void)memory;
	(void)bytes;
}

static int twin_add_ring(struct transport *transport, const struct ring *ring)
{
	return kbm_side_set_ring((struct kbm_side *)transport, ring->index, ring->own_fd);
}

static void twin_remove_ring(struct transport *transport, const struct ring *ring)
{
	kbm_side_set_ring((struct kbm_side *)transport, ring->index, -1);
}

static void twin_done(struct transport *transport)
{
	free(transport);
}

static const struct transport_ops twin_ops = {
	.name = "kbm",
	.send = twin_send,
	.receive = twin_receive,
	.wake = twin_wake,
	.take = twin_take,
	.drop = twin_drop,
	.add_ring = twin_add_ring,
	.remove_ring = twin_remove_ring,
	.done = twin_done,
};

int transport_kbm_twin_new(const struct kbm_setup *setup, struct transport **ret_transport)
{
	const struct kbm_session_client *client = setup->memory;
	struct kbm_side *side = calloc(1, sizeof(*side));
	int r;

	if (!side)
		return -ENOMEM;
	r = kbm_side_init(side, setup, true, -1);
	if (r) {
		free(side);
		return r;
	}
	side->base.ops = &twin_ops;
	side->bell.word = (const _Atomic uint64_t *)&client->doorbell;
	*ret_transport = &side->base;
	return 0;
}
