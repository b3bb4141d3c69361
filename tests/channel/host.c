// SPDX-License-Identifier: GPL-2.0-or-later
/* The host's end: what kbm-proxyd does for its channel, with an echo for a twin. */
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/kbm.h>

#include "channel.h"
#include "lease.h"
#include "message.h"
#include "protocol.h"

/* One session as the host sees it; has_lease between its begin and its end. */
struct session {
	struct lease lease;
	struct extent extent;
	int bell;
	bool has_lease;
};

static struct lease channel_lease;
static struct extent channel_extent;
static struct kbm_channel *channel;
static struct session sessions[NR_SESSIONS];
static uint64_t session_extent_bytes;

static uint64_t session_offset(unsigned int index)
{
	return SESSION_BYTES * (index + 1);
}

static void *session_memory(unsigned int index)
{
	return (char *)channel_extent.memory + session_offset(index);
}

static int doorbell(uint64_t word, int eventfd_fd, uint32_t flags)
{
	struct kbm_doorbell request = { .word = word, .eventfd = eventfd_fd, .flags = flags };
	int r = call(channel_lease.fd, KBM_DOORBELL, &request);

	if (r)
		lease_explain(&channel_lease);
	return r;
}

static int channel_make(int bell)
{
	int r = lease_open(&channel_lease);

	if (!r)
		r = lease_memory(&channel_lease, CHANNEL_BYTES, 0, KBM_MEMORY_ANY_NODE,
				 &channel_extent);
	if (r)
		return r;
	channel = channel_extent.memory;
	channel->version = KBM_CHANNEL_VERSION;
	channel->bytes = CHANNEL_BYTES;
	channel->nr_sessions = NR_SESSIONS;
	channel->session_bytes = SESSION_BYTES;
	channel->first_session = session_offset(0);
	r = doorbell(channel_extent.start + offsetof(struct kbm_channel, host_doorbell), bell, 0);
	if (r)
		return fail(r, "doorbell of the channel");
	__atomic_store_n(&channel->magic, KBM_CHANNEL_MAGIC, __ATOMIC_RELEASE);
	printf("channel 0x%llx 0x%llx\n", (unsigned long long)channel_extent.start,
	       (unsigned long long)CHANNEL_BYTES);
	return 0;
}

static void set_state(unsigned int index, uint32_t state)
{
	__atomic_store_n(&channel->host[index].state, state, __ATOMIC_RELEASE);
	if (ring(&channel->client_doorbell, send_doorbell, channel_lease.fd))
		lease_explain(&channel_lease);
}

static void write_page(unsigned int index)
{
	char *page_address = session_memory(index);
	struct kbm_session_host *page = (void *)(page_address + KBM_SESSION_HOST);

	strcpy(page->name, SESSION_NAME);
	page->extents[0].start = sessions[index].extent.start;
	page->extents[0].bytes = sessions[index].extent.bytes;
	__atomic_store_n(&page->nr_extents, 1, __ATOMIC_RELEASE);
}

static int session_begin(unsigned int index)
{
	struct session *session = &sessions[index];
	int r = lease_open(&session->lease);

	if (!r)
		r = lease_memory(&session->lease, session_extent_bytes, 0, KBM_MEMORY_ANY_NODE,
				 &session->extent);
	if (r)
		return r;
	session->has_lease = true;
	session->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = doorbell(channel_extent.start + session_offset(index) + KBM_SESSION_HOST +
			     offsetof(struct kbm_session_host, doorbell),
		     session->bell, 0);
	if (r)
		return r;
	write_page(index);
	set_state(index, KBM_SESSION_SERVED);
	printf("session %u begins\n", index);
	return 0;
}

static void session_end(unsigned int index, uint32_t sequence)
{
	struct session *session = &sessions[index];

	doorbell(channel_extent.start + session_offset(index) + KBM_SESSION_HOST +
			 offsetof(struct kbm_session_host, doorbell),
		 -1, KBM_DOORBELL_DEASSIGN);
	close(session->bell);
	munmap(session->extent.memory, session->extent.bytes);
	lease_close(&session->lease);
	session->has_lease = false;
	memset(session_memory(index), 0, SESSION_BYTES);
	set_state(index, KBM_SESSION_IDLE);
	__atomic_store_n(&channel->host[index].done, sequence, __ATOMIC_RELEASE);
	printf("session %u has ended\n", index);
}

static int session_look(unsigned int index)
{
	uint32_t sequence = __atomic_load_n(&channel->client[index].sequence, __ATOMIC_ACQUIRE);

	if (sequence & 1)
		return sessions[index].has_lease ? 0 : session_begin(index);
	if (sessions[index].has_lease)
		session_end(index, sequence);
	return 0;
}

/* The echo: what was said last is repeated, and the client woken. */
static int session_answer(unsigned int index)
{
	char *memory = session_memory(index);
	struct exchange *exchange = (void *)(memory + KBM_SESSION_DATA);
	struct kbm_session_client *page = (void *)memory;
	uint64_t rung;
	int r;

	if (read(sessions[index].bell, &rung, sizeof(rung)) < 0)
		return 0;
	__atomic_store_n(&exchange->pong, __atomic_load_n(&exchange->ping, __ATOMIC_SEQ_CST),
			 __ATOMIC_SEQ_CST);
	/* On the session's lease, as a twin has only that. */
	r = ring(&page->doorbell, send_doorbell, sessions[index].lease.fd);
	if (r)
		lease_explain(&sessions[index].lease);
	return r;
}

static int serve_once(int bell)
{
	struct pollfd polls[NR_SESSIONS + 1] = { { .fd = bell, .events = POLLIN } };
	uint64_t rung;
	int r = 0;

	for (unsigned int i = 0; i < NR_SESSIONS; i++) {
		polls[i + 1].fd = sessions[i].has_lease ? sessions[i].bell : -1;
		polls[i + 1].events = POLLIN;
	}
	if (poll(polls, NR_SESSIONS + 1, -1) < 0)
		return -errno;
	for (unsigned int i = 0; i < NR_SESSIONS && !r; i++) {
		if (polls[i + 1].revents)
			r = session_answer(i);
	}
	if (!polls[0].revents || read(bell, &rung, sizeof(rung)) < 0)
		return r;
	for (unsigned int i = 0; i < NR_SESSIONS && !r; i++)
		r = session_look(i);
	return r;
}

int host_serve(uint64_t extent_bytes)
{
	int bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = channel_make(bell);

	session_extent_bytes = extent_bytes;
	while (!r)
		r = serve_once(bell);
	return fail(r, "the channel's host ends");
}
