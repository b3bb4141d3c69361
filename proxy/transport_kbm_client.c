// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client's side of a session of the channel. One thread turns the session's
 * doorbell into wakeups of the threads that sleep on their rings, and sends and
 * receives events.
 */
#include "transport_kbm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <asm/kbm_channel.h>

#include "cleanup.h"
#include "ring.h"

#define PAGE	4096u

/**
 * struct kbm_client - the side with what only the client has
 * @answers:	eventfd: there may be an answer.
 * @stop:	eventfd: the thread ends.
 * @start:	the session's offset in the device.
 * @owned:	the session's memory, if it goes with this.
 * @used:	a byte for each page of the session's data, under the side's lock.
 */
struct kbm_client {
	struct kbm_side side;
	pthread_mutex_t send_lock;
	pthread_t thread;
	int answers;
	int stop;
	uint64_t start;
	uint8_t *used;
	void *owned;
};

static struct kbm_client *client_of(struct transport *transport)
{
	return (struct kbm_client *)transport;
}

static void *pump(void *argument)
{
	struct kbm_client *client = argument;

	while (!kbm_side_wait(&client->side))
		ring_signal(client->answers);
	return NULL;
}

static int client_send(struct transport *transport, const struct kbm_message *message,
		       const int *fds, unsigned int nr)
{
	struct kbm_client *client = client_of(transport);
	struct pollfd end = { .fd = transport->end_fd };
	int r;

	(void)fds;
	if (nr)
		return -EOPNOTSUPP;
	for (;;) {
		pthread_mutex_lock(&client->send_lock);
		r = link_put(&client->side.link->to_twin, &client->side.sent, message);
		pthread_mutex_unlock(&client->send_lock);
		bell_ring(&client->side.bell);
		if (r != -EAGAIN)
			return r;
		/* Full: the twin takes them soon, if it lives. */
		if (poll(&end, 1, 1) > 0)
			return -EIO;
	}
}

static int client_receive(struct transport *transport, struct kbm_message *ret_message,
			  int *ret_fds)
{
	struct kbm_client *client = client_of(transport);
	struct pollfd fds[] = {
		{ .fd = client->answers, .events = POLLIN },
		{ .fd = transport->end_fd },
	};
	uint64_t count;
	int r;

	for (unsigned int i = 0; i < KBM_MAX_FDS; i++)
		ret_fds[i] = -1;
	for (;;) {
		r = link_get(&client->side.link->to_client, &client->side.received, ret_message);
		if (r != -EAGAIN)
			return r;
		if (poll(fds, 2, -1) < 0)
			continue;
		if (!fds[0].revents)
			return -EIO;
		if (read(client->answers, &count, sizeof(count)) < 0)
			continue;
	}
}

static void client_wake(struct transport *transport, const struct ring *ring)
{
	struct kbm_side *side = (struct kbm_side *)transport;

	link_set_bit(side->link->twin_bits, ring->index);
	bell_ring(&side->bell);
}

static int find_free(const struct kbm_client *client, uint64_t pages, uint64_t *ret_first)
{
	uint64_t run = 0, all = client->side.bytes / PAGE;

	for (uint64_t page = KBM_LINK_SIZE / PAGE; page < all; page++) {
		run = client->used[page] ? 0 : run + 1;
		if (run == pages) {
			*ret_first = page + 1 - pages;
			return 0;
		}
	}
	return -ENOSPC;
}

static int client_make(struct transport *transport, uint64_t bytes, struct piece *ret_piece)
{
	struct kbm_client *client = client_of(transport);
	uint64_t first = 0;
	int r;

	pthread_mutex_lock(&client->side.lock);
	r = find_free(client, bytes / PAGE, &first);
	if (!r)
		memset(client->used + first, 1, bytes / PAGE);
	pthread_mutex_unlock(&client->side.lock);
	if (r)
		return r;
	memset(client->side.data + first * PAGE, 0, bytes);
	*ret_piece = (struct piece){ .fd = -1, .offset = first * PAGE, .bytes = bytes };
	return 0;
}

static void client_unmake(struct transport *transport, const struct piece *piece)
{
	struct kbm_client *client = client_of(transport);

	pthread_mutex_lock(&client->side.lock);
	memset(client->used + piece->offset / PAGE, 0, piece->bytes / PAGE);
	pthread_mutex_unlock(&client->side.lock);
}

static void *client_map(struct transport *transport, const struct piece *piece, void *address,
			uint64_t bytes, int protection, int flags, uint64_t offset)
{
	const struct kbm_client *client = client_of(transport);

	return (void *)syscall(SYS_mmap, address, bytes, protection, flags, transport->local_fd,
			       (off_t)(client->start + KBM_SESSION_DATA + piece->offset + offset));
}

static int client_add_ring(struct transport *transport, const struct ring *ring)
{
	return kbm_side_set_ring((struct kbm_side *)transport, ring->index, ring->own_fd);
}

static void client_remove_ring(struct transport *transport, const struct ring *ring)
{
	kbm_side_set_ring((struct kbm_side *)transport, ring->index, -1);
}

static void client_free(struct kbm_client *client)
{
	close_fd(client->answers);
	close_fd(client->stop);
	free(client->used);
	free(client);
}

static void client_done(struct transport *transport)
{
	struct kbm_client *client = client_of(transport);

	ring_signal(client->stop);
	pthread_join(client->thread, NULL);
	if (client->owned) {
		/* The last of it ends the session. */
		syscall(SYS_munmap, client->owned, client->side.bytes + KBM_SESSION_DATA);
		close_fd(client->side.own_bell);
		close_fd(transport->local_fd);
	}
	client_free(client);
}

static const struct transport_ops client_ops = {
	.name = "kbm",
	.send = client_send,
	.receive = client_receive,
	.wake = client_wake,
	.make = client_make,
	.unmake = client_unmake,
	.map = client_map,
	.add_ring = client_add_ring,
	.remove_ring = client_remove_ring,
	.done = client_done,
};

/* Signals are for the VMM's own threads. */
static int start_pump(struct kbm_client *client)
{
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = -pthread_create(&client->thread, NULL, pump, client);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

static int client_init(struct kbm_client *client, const struct kbm_setup *setup)
{
	const struct kbm_session_host *host =
		(const void *)((const uint8_t *)setup->memory + KBM_SESSION_HOST);
	int r;

	client->answers = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	client->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->answers < 0 || client->stop < 0)
		return -errno;
	r = kbm_side_init(&client->side, setup, false, client->stop);
	if (r)
		return r;
	pthread_mutex_init(&client->send_lock, NULL);
	client->side.base.ops = &client_ops;
	client->side.base.local_fd = setup->device;
	client->side.bell.word = (const _Atomic uint64_t *)&host->doorbell;
	client->start = setup->start;
	client->owned = setup->owned ? setup->memory : NULL;
	client->used = calloc(client->side.bytes / PAGE, 1);
	if (!client->used)
		return -ENOMEM;
	return start_pump(client);
}

int transport_kbm_client_new(const struct kbm_setup *setup, struct transport **ret_transport)
{
	struct kbm_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->answers = client->stop = -1;
	r = client_init(client, setup);
	if (r) {
		client_free(client);
		return r;
	}
	*ret_transport = &client->side.base;
	return 0;
}
