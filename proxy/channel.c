// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel_private.h"
#include "cleanup.h"

#define PAGE		4096u
#define EXTENT_ALIGN	(2u << 20)
#define RETURNED_BYTES	(KBM_CHANNEL_SESSIONS * sizeof(int))

static int plan(const struct channel_size *size, struct channel_place *ret_place)
{
	uint64_t bytes = size->bytes, session_bytes = size->session_bytes;
	uint64_t first = (sizeof(struct kbm_channel) + PAGE - 1) & ~(uint64_t)(PAGE - 1), nr;

	if (bytes % EXTENT_ALIGN || session_bytes % PAGE || session_bytes < 16 * PAGE ||
	    bytes < first + session_bytes)
		return -EINVAL;
	nr = (bytes - first) / session_bytes;
	*ret_place = (struct channel_place){
		.bytes = bytes, .session_bytes = session_bytes, .first_session = first,
		.nr_sessions = nr < KBM_CHANNEL_SESSIONS ? (uint32_t)nr : KBM_CHANNEL_SESSIONS,
	};
	return 0;
}

static int map_channel(struct channel *channel)
{
	void *memory = mmap(NULL, channel->place.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			    channel->fd, (off_t)channel->place.start);

	if (memory == MAP_FAILED)
		return -errno;
	channel->memory = memory;
	channel->shared = memory;
	return 0;
}

static uint64_t host_doorbell(const struct channel *channel)
{
	return channel->place.start + offsetof(struct kbm_channel, host_doorbell);
}

static int listen_doorbell(struct channel *channel)
{
	channel->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (channel->event < 0)
		return -errno;
	return channel->device->doorbell(channel->fd, host_doorbell(channel), channel->event);
}

static void write_header(const struct channel *channel)
{
	struct kbm_channel *shared = channel->shared;

	shared->version = KBM_CHANNEL_VERSION;
	shared->bytes = channel->place.bytes;
	shared->nr_sessions = channel->place.nr_sessions;
	shared->session_bytes = channel->place.session_bytes;
	shared->first_session = channel->place.first_session;
	__atomic_store_n(&shared->magic, KBM_CHANNEL_MAGIC, __ATOMIC_RELEASE);
}

static int store_place(const struct channel *channel)
{
	/* A copy: gcc 14 takes the address of the member for that of its first word. */
	const struct channel_place place = channel->place;
	cleanup_close int fd = memfd_create("kbm-channel-place", MFD_CLOEXEC);

	if (fd < 0 || write(fd, &place, sizeof(place)) != (ssize_t)sizeof(place))
		return -EIO;
	return channel->host->store("channel-place", fd);
}

/* Without a store a restart loses the channel: the daemon's choice, not an error. */
static void store_channel(const struct channel *channel)
{
	if (store_place(channel) || channel->host->store("channel", channel->fd))
		channel->host->unstore("channel-place");
}

static int make_channel(struct channel *channel, const struct channel_size *size)
{
	int r = plan(size, &channel->place);

	if (r)
		return r;
	channel->fd = channel->device->open();
	if (channel->fd < 0)
		return channel->fd;
	r = channel->device->lend(channel->fd, size->node, size->bytes,
				  &channel->place.start);
	if (!r)
		r = map_channel(channel);
	if (!r)
		r = listen_doorbell(channel);
	if (r)
		return r;
	write_header(channel);
	store_channel(channel);
	return 0;
}

static int take_place(struct channel *channel)
{
	cleanup_close int fd = channel->host->take("channel-place");

	if (fd < 0)
		return -ENOENT;
	return pread(fd, &channel->place, sizeof(channel->place), 0) ==
	       (ssize_t)sizeof(channel->place) ? 0 : -EIO;
}

/* -ENOENT: nothing is stored. */
static int restore_channel(struct channel *channel)
{
	int r = take_place(channel);

	if (r)
		return r;
	channel->fd = channel->host->take("channel");
	if (channel->fd < 0)
		return -ENOENT;
	r = map_channel(channel);
	if (r)
		return r;
	/* The daemon before has left its own; that is nobody's now. */
	channel->device->doorbell(channel->fd, host_doorbell(channel), -1);
	for (uint32_t i = 0; i < channel->place.nr_sessions; i++)
		channel_session_restore(channel, i);
	return listen_doorbell(channel);
}

void channel_free(struct channel *channel)
{
	if (channel->memory)
		munmap(channel->memory, channel->place.bytes);
	for (uint32_t i = 0; i < KBM_CHANNEL_SESSIONS; i++) {
		if (channel->slots[i].taken)
			close_fd(channel->slots[i].lease);
	}
	munmap(channel->returned, RETURNED_BYTES);
	close_fd(channel->event);
	close_fd(channel->fd);
	free(channel);
}

int channel_new(const struct channel_size *size, const struct channel_host *host, void *context,
		const struct channel_device *device, struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	int r;

	if (!channel)
		return -ENOMEM;
	channel->host = host;
	channel->context = context;
	channel->device = device;
	channel->fd = channel->event = -1;
	channel->returned = mmap(NULL, RETURNED_BYTES, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (channel->returned == MAP_FAILED) {
		free(channel);
		return -ENOMEM;
	}
	*ret_channel = channel;
	r = restore_channel(channel);
	if (r == -ENOENT)
		r = make_channel(channel, size);
	if (r) {
		*ret_channel = NULL;
		channel_free(channel);
	}
	return r;
}

int channel_fd(const struct channel *channel)
{
	return channel->event;
}

uint64_t channel_start(const struct channel *channel)
{
	return channel->place.start;
}

uint64_t channel_bytes(const struct channel *channel)
{
	return channel->place.bytes;
}

unsigned int channel_nr_sessions(const struct channel *channel)
{
	return channel->place.nr_sessions;
}

/* A control BM came back without that anybody told of the end of the one before. */
static void look_at_generation(struct channel *channel)
{
	uint64_t generation = __atomic_load_n(&channel->shared->generation, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; i < channel->place.nr_sessions; i++) {
		struct channel_slot *slot = &channel->slots[i];

		if (!slot->taken || slot->generation == generation)
			continue;
		slot->generation = generation;
		channel_clear_words(channel, i);
	}
}

void channel_poll(struct channel *channel)
{
	uint64_t count;

	/* Not blocking: rung or not, all is looked at. */
	if (read(channel->event, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	look_at_generation(channel);
	for (uint32_t i = 0; i < channel->place.nr_sessions; i++)
		channel_session_poll(channel, i);
}

void channel_control_bm_ended(struct channel *channel)
{
	__atomic_store_n(&channel->shared->client_doorbell, 0, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < channel->place.nr_sessions; i++) {
		if (channel->slots[i].taken)
			channel_clear_words(channel, i);
	}
}
