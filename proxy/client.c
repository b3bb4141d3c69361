// SPDX-License-Identifier: GPL-2.0-or-later
/* A session: its begin, its end, questions and answers on its connection. */
#include "client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "client_events.h"
#include "client_private.h"

#define RUN_BYTES	(3 * 4096u)	/* until KVM_GET_VCPU_MMAP_SIZE says it */

static int ask_locked(struct client *client, struct kbm_message *message, const int *fds,
		      unsigned int nr, int *ret_fd)
{
	struct transport *transport = client->transport;
	int got[KBM_MAX_FDS] = { -1, -1, -1 };
	uint32_t type = message->type;
	int r = transport->ops->send(transport, message, fds, nr);

	if (!r)
		r = transport->ops->receive(transport, message, got);
	if (r)
		return r;
	for (unsigned int i = ret_fd ? 1 : 0; i < KBM_MAX_FDS; i++)
		close_fd(got[i]);
	if (ret_fd)
		*ret_fd = got[0];
	return message->type == type ? message->result : -EPROTO;
}

int client_ask(struct client *client, struct kbm_message *message, const int *fds,
	       unsigned int nr, int *ret_fd)
{
	int r;

	pthread_mutex_lock(&client->connection_lock);
	r = ask_locked(client, message, fds, nr, ret_fd);
	pthread_mutex_unlock(&client->connection_lock);
	return r;
}

static int greet(struct client *client)
{
	struct kbm_message message = {
		.type = KBM_MESSAGE_HELLO, .magic = KBM_WIRE_MAGIC,
		.version = KBM_WIRE_VERSION, .version_min = KBM_WIRE_VERSION,
		.features = KBM_WIRE_FEATURES, .size = client->transport->arena,
	};
	int r = client_ask(client, &message, NULL, 0, NULL);

	if (r < 0)
		return r;
	if (message.magic != KBM_WIRE_MAGIC || message.version != KBM_WIRE_VERSION ||
	    message.size < KBM_ARENA_MIN || message.size > client->transport->arena)
		return -EPROTO;
	client->arena = (uint32_t)message.size;
	client->features = message.features;
	return 0;
}

static int connect_transport(const char *where, struct transport **ret_transport)
{
	if (!strncmp(where, "unix:", 5))
		return transport_unix_connect(where + 5, ret_transport);
	if (!strncmp(where, "kbm:", 4))
		return transport_kbm_connect(where + 4, ret_transport);
	return -EINVAL;
}

static int client_start(struct client *client)
{
	int r;

	pthread_mutex_init(&client->connection_lock, NULL);
	pthread_mutex_init(&client->memory_lock, NULL);
	pthread_mutex_init(&client->slots_lock, NULL);
	pthread_mutex_init(&client->runs_lock, NULL);
	client->run_bytes = RUN_BYTES;
	client_set_hooks(client, NULL);
	r = greet(client);
	if (!r)
		r = client_events_new(client);
	return r ? r : -pthread_key_create(&client->ring_key, client_ring_free);
}

int client_new(struct transport *transport, struct client **ret_client)
{
	struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->transport = transport;
	r = client_start(client);
	if (r) {
		client_events_free(client);
		free(client);
		return r;
	}
	*ret_client = client;
	return 0;
}

int client_connect(const char *where, struct client **ret_client)
{
	struct transport *transport;
	int r = connect_transport(where, &transport);

	if (r)
		return r;
	r = client_new(transport, ret_client);
	if (r)
		transport->ops->done(transport);
	return r;
}

const char *client_connect_remedy(int error)
{
	switch (error) {
	case -EINVAL:
		return "give it as unix:PATH or kbm:DEVICE";
	case -EUSERS:
		return "all sessions of the channel are taken; end one (kbm-sessions), or "
		       "configure more in kbm-proxyd on the host";
	case -ETIMEDOUT:
		return "no twin came; is kbm-proxyd running on the host?";
	case -ENXIO:
		return "there is no channel; is kbm-proxyd running on the host?";
	case -EPROTONOSUPPORT:
	case -EPROTO:
		return "kbm-proxyd speaks another version; update both";
	default:
		return "is kbm-proxyd there?";
	}
}

void client_disconnect(struct client *client)
{
	struct client_ring *ring = pthread_getspecific(client->ring_key);

	if (ring) {
		pthread_setspecific(client->ring_key, NULL);
		client_ring_free(ring);
	}
	pthread_key_delete(client->ring_key);
	client->transport->ops->done(client->transport);
	client_events_free(client);
	for (unsigned int i = 0; i < client->nr_vms; i++)
		slots_done(&client->vms[i].slots);
	free(client->vms);
	free(client->runs);
	free(client->memories);
	free(client);
}

const char *client_transport(const struct client *client)
{
	return client->transport->ops->name;
}

int client_end_fd(const struct client *client)
{
	return client->transport->end_fd;
}

int client_set_name(struct client *client, const char *name)
{
	struct kbm_sqe sqe = { .op = KBM_OP_NAME };

	return (int)client_call_with(client, &sqe, name, NULL, strnlen(name, KBM_MAX_NAME));
}

int client_open_kvm(struct client *client)
{
	struct kbm_sqe sqe = { .op = KBM_OP_OPEN, .request = KBM_OPEN_KVM };

	return (int)client_call(client, &sqe);
}

int client_close(struct client *client, uint32_t handle)
{
	struct kbm_sqe sqe = { .op = KBM_OP_CLOSE, .handle = handle };
	int r = (int)client_call(client, &sqe);

	client_slots_forget(client, handle);
	client_run_forget(client, handle);
	client_events_forget(client, handle);
	return r;
}

int client_get_fd(struct client *client, uint32_t handle)
{
	struct kbm_message message = { .type = KBM_MESSAGE_GET_FD, .handle = handle };
	int fd = -1, r = client_ask(client, &message, NULL, 0, &fd);

	if (r)
		return r;
	return fd < 0 ? -EOPNOTSUPP : fd;
}

int client_pread(struct client *client, uint32_t handle, void *buffer, size_t bytes,
		 uint64_t offset)
{
	struct kbm_sqe sqe = { .op = KBM_OP_READ, .handle = handle, .value = offset };

	return (int)client_call_with(client, &sqe, NULL, buffer, bytes);
}
