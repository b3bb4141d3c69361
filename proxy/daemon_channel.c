// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_channel.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "channel.h"
#include "daemon_loop.h"
#include "daemon_session.h"
#include "fd_store.h"
#include "log.h"

#define TRANSPORT	"kbm"

static struct {
	struct loop_operation operation;
	struct channel *channel;
	uint64_t ended;		/* how often a control BM has */
} served;

/*
 * The daemon's number of a session. Twins of a channel that a daemon lost may
 * still be there: their channel lies elsewhere.
 */
static uint32_t number_of(uint32_t index)
{
	return (uint32_t)(channel_start(served.channel) >> 21) << 10 | index;
}

static int start_session(void *context, const struct channel_session *session)
{
	struct session_offer offer = {
		.transport = TRANSPORT, .index = number_of(session->index),
		.socket = -1, .lease = session->lease, .channel = session->channel,
		.bell = session->bell, .start = session->start, .bytes = session->bytes,
	};
	int r = session_start(&offer);

	(void)context;
	if (r < 0)
		log_write(LOG_LEVEL_ERROR, "session refused", "channel_session=%u error=\"%s\" sessions=%u",
			  session->index, strerror(-r), sessions_count());
	return r < 0 ? r : 0;
}

static void kill_session(void *context, uint32_t index)
{
	(void)context;
	session_kill(TRANSPORT, number_of(index));
}

static bool session_alive(void *context, uint32_t index)
{
	(void)context;
	return session_exists(TRANSPORT, number_of(index));
}

static void lease_lasts(void *context, uint32_t index, int error)
{
	(void)context;
	log_write(LOG_LEVEL_WARNING, "lease not ended",
		  "channel_session=%u error=\"%s\" remedy=\"its CPUs and memory are free when its last user ends: see who has /dev/kata-bm open\"",
		  index, strerror(-error));
}

static const struct channel_host host = {
	.start = start_session, .kill = kill_session, .alive = session_alive,
	.lasting = lease_lasts,
	.store = fd_store_add, .unstore = fd_store_remove, .take = fd_store_take,
};

static void rung(struct loop_operation *operation, int result)
{
	if (result < 0)
		log_write(LOG_LEVEL_ERROR, "channel's doorbell", "error=\"%s\"", strerror(-result));
	channel_poll(served.channel);
	loop_wait_readable(operation, channel_fd(served.channel));
}

int daemon_channel_start(const struct daemon_config *config)
{
	const struct channel_size size = {
		.bytes = config->channel_bytes, .session_bytes = config->session_bytes,
		.node = (uint32_t)config->channel_node,
	};
	int r;

	if (!config->channel)
		return 0;
	r = channel_new(&size, &host, NULL, &channel_device_host, &served.channel);
	if (r) {
		log_write(r == -ENOENT ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "no channel",
			  "error=\"%s\" remedy=\"only a control BM needs one: boot the host's kernel of Kata BM with kbm.memory=\"",
			  strerror(-r));
		return 0;
	}
	log_write(LOG_LEVEL_INFO, "channel", "start=0x%llx bytes=%llu sessions=%u",
		  (unsigned long long)channel_start(served.channel),
		  (unsigned long long)channel_bytes(served.channel),
		  channel_nr_sessions(served.channel));
	served.operation.done = rung;
	channel_poll(served.channel);
	return loop_wait_readable(&served.operation, channel_fd(served.channel));
}

void daemon_channel_twin_ended(const char *transport, uint32_t index, void *context)
{
	(void)context;
	if (served.channel && !strcmp(transport, TRANSPORT) && index >> 10 == number_of(0) >> 10)
		channel_twin_ended(served.channel, index & 0x3ff);
}

void daemon_channel_control_bm_ended(void)
{
	served.ended++;
	if (served.channel)
		channel_control_bm_ended(served.channel);
	log_write(LOG_LEVEL_INFO, "control BM ended", "sessions=%u", sessions_count());
}

void daemon_channel_describe(struct json_object *document)
{
	struct json_object *channel;

	if (!served.channel)
		return;
	channel = json_object_new_object();
	json_object_object_add(channel, "start",
			       json_object_new_uint64(channel_start(served.channel)));
	json_object_object_add(channel, "bytes",
			       json_object_new_uint64(channel_bytes(served.channel)));
	json_object_object_add(channel, "sessions",
			       json_object_new_int64(channel_nr_sessions(served.channel)));
	json_object_object_add(channel, "control_bm_ended", json_object_new_uint64(served.ended));
	json_object_object_add(document, "channel", channel);
}
