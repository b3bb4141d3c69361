// SPDX-License-Identifier: GPL-2.0-or-later
/* The control BM's end: a session from its open to its close. */
#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/kbm.h>

#include "lease.h"
#include "message.h"
#include "protocol.h"

/* The host may have to wipe an extent first, by an emulated CPU. */
#define SERVED_MS	60000

static int explain(const struct client *client, int r, const char *what)
{
	char reason[256];

	lease_reason(client->fd, reason, sizeof(reason));
	return fail(r, "%s: %s", what, reason);
}

static int wait_served(const struct client *client)
{
	struct pollfd state = { .fd = client->fd, .events = POLLIN };

	if (poll(&state, 1, SERVED_MS) != 1 || state.revents != POLLIN)
		return fail(-ETIMEDOUT, "session %u is not served, poll says 0x%x",
			    client->index, state.revents);
	return 0;
}

static char *map(const struct client *client, uint64_t start, uint64_t bytes)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, client->fd, (off_t)start);
}

static int map_all(struct client *client)
{
	const struct kbm_session_host *host;

	client->memory = map(client, client->start, client->bytes);
	if (client->memory == MAP_FAILED)
		return explain(client, -errno, "map the session");
	host = (void *)(client->memory + KBM_SESSION_HOST);
	client->extent = host->extents[0].start;
	client->extent_bytes = host->extents[0].bytes;
	client->extent_memory = map(client, client->extent, client->extent_bytes);
	if (client->extent_memory == MAP_FAILED)
		return explain(client, -errno, "map the extent");
	return 0;
}

static int publish(struct client *client)
{
	struct kbm_doorbell request = {
		.word = client->start + offsetof(struct kbm_session_client, doorbell),
		.eventfd = client->bell,
	};
	int r = call(client->fd, KBM_DOORBELL, &request);

	return r ? explain(client, r, "the session's doorbell") : 0;
}

int client_open(struct client *client)
{
	struct kbm_channel_session session = {};
	int r;

	*client = (struct client){ .bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	client->fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	if (client->fd < 0)
		return fail(-errno, "open " KBM_DEVICE_PATH);
	r = call(client->fd, KBM_OPEN_SESSION, &session);
	if (r || !session.bytes)
		return explain(client, r ? r : -EPROTO, "KBM_OPEN_SESSION");
	client->start = session.start;
	client->bytes = session.bytes;
	client->index = session.index;
	r = wait_served(client);
	if (!r)
		r = map_all(client);
	return r ? r : publish(client);
}

void client_close(struct client *client)
{
	munmap(client->extent_memory, client->extent_bytes);
	munmap(client->memory, client->bytes);
	close(client->bell);
	close(client->fd);
}

/* Until somebody kills us. */
int test_hold(void)
{
	struct client client;
	int r = client_open(&client);

	if (r)
		return r;
	printf("session %u\n", client.index);
	for (;;)
		pause();
}

int test_end(uint32_t index)
{
	struct client client = { .fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC) };
	int r = call(client.fd, KBM_END_SESSION, &index);

	if (r)
		explain(&client, r, "KBM_END_SESSION");
	close(client.fd);
	return r;
}
