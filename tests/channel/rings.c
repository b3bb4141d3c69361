// SPDX-License-Identifier: GPL-2.0-or-later
/* Doorbells to the host and back: each ring must wake the other side. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "message.h"
#include "protocol.h"

/* Far more than a busy machine takes; what takes longer was lost. */
#define LOST_MS		20000

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int wait_pong(const struct client *client, const struct exchange *exchange, uint32_t wanted)
{
	struct pollfd bell = { .fd = client->bell, .events = POLLIN };
	uint64_t rung;

	while (__atomic_load_n(&exchange->pong, __ATOMIC_SEQ_CST) != wanted) {
		if (poll(&bell, 1, LOST_MS) != 1)
			return fail(-ETIMEDOUT, "ring %u: host has answered %u", wanted,
				    exchange->pong);
		if (read(client->bell, &rung, sizeof(rung)) < 0)
			return -errno;
	}
	return 0;
}

static int ring_all(const struct client *client, unsigned int count)
{
	struct exchange *exchange = (void *)(client->memory + KBM_SESSION_DATA);
	const struct kbm_session_host *host = (void *)(client->memory + KBM_SESSION_HOST);
	int r;

	for (uint32_t i = 1; i <= count; i++) {
		__atomic_store_n(&exchange->ping, i, __ATOMIC_SEQ_CST);
		r = ring(&host->doorbell, send_doorbell, client->fd);
		if (r)
			return fail(r, "KBM_SEND_DOORBELL, ring %u", i);
		r = wait_pong(client, exchange, i);
		if (r)
			return r;
	}
	return 0;
}

int test_rings(unsigned int count)
{
	struct client client;
	int r = client_open(&client);
	double begin = now();

	if (r)
		return r;
	r = ring_all(&client, count);
	if (!r)
		printf("%u rings there and back, none lost, %.1f us each\n", count,
		       (now() - begin) / count * 1e6);
	client_close(&client);
	return r;
}
