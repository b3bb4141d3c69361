// SPDX-License-Identifier: GPL-2.0-or-later
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "channel.h"
#include "cleanup.h"
#include "client_private.h"
#include "codec.h"

static int ask_locked(struct client *client, struct kbm_message *message, const int *fds,
		      unsigned int nr, int *ret_fd)
{
	int got[KBM_MAX_FDS];
	uint32_t type = message->type;
	int r = channel_send(client->socket, message, fds, nr);

	if (!r)
		r = channel_receive(client->socket, message, got);
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
		.features = KBM_WIRE_FEATURES,
	};
	int r = client_ask(client, &message, NULL, 0, NULL);

	if (r < 0)
		return r;
	return message.magic == KBM_WIRE_MAGIC && message.version == KBM_WIRE_VERSION ? 0 : -EPROTO;
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, saved;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	saved = errno;
	close_fd(fd);
	return -saved;
}

int client_connect(const char *path, struct client **ret_client)
{
	cleanup_free struct client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return -ENOMEM;
	client->socket = connect_to(path);
	if (client->socket < 0)
		return client->socket;
	pthread_mutex_init(&client->connection_lock, NULL);
	pthread_mutex_init(&client->memory_lock, NULL);
	pthread_mutex_init(&client->slots_lock, NULL);
	r = greet(client);
	if (!r)
		r = -pthread_key_create(&client->ring_key, client_ring_free);
	if (r) {
		close_fd(client->socket);
		return r;
	}
	*ret_client = client;
	client = NULL;
	return 0;
}

static int simple_call(struct client *client, struct kbm_sqe *sqe)
{
	struct client_ring *ring;
	int r = client_ring_get(client, &ring);

	return r ? r : (int)client_ring_call(ring, sqe, 0);
}

int client_open_kvm(struct client *client)
{
	struct kbm_sqe sqe = { .op = KBM_OP_OPEN, .request = KBM_OPEN_KVM };

	return simple_call(client, &sqe);
}

int client_get_fd(struct client *client, uint32_t handle)
{
	struct kbm_message message = { .type = KBM_MESSAGE_GET_FD, .handle = handle };
	int fd = -1, r = client_ask(client, &message, NULL, 0, &fd);

	return r ? r : fd;
}

static struct vm_slots *find_vm(const struct client *client, uint32_t vm)
{
	for (unsigned int i = 0; i < client->nr_vms; i++) {
		if (client->vms[i].vm == vm)
			return &client->vms[i];
	}
	return NULL;
}

static struct vm_slots *add_vm(struct client *client, uint32_t vm)
{
	struct vm_slots *list;

	list = reallocarray(client->vms, client->nr_vms + 1, sizeof(*list));
	if (!list)
		return NULL;
	client->vms = list;
	list[client->nr_vms] = (struct vm_slots){ .vm = vm };
	return &list[client->nr_vms++];
}

static void note_slot(struct client *client, uint32_t vm, uint32_t slot, uint64_t bytes)
{
	struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = find_vm(client, vm);
	if (!slots)
		slots = add_vm(client, vm);
	if (slots)
		slots_set(&slots->slots, slot, bytes);
	pthread_mutex_unlock(&client->slots_lock);
}

static void forget_slots(struct client *client, uint32_t vm)
{
	struct vm_slots *slots;

	pthread_mutex_lock(&client->slots_lock);
	slots = find_vm(client, vm);
	if (slots) {
		slots_done(&slots->slots);
		*slots = client->vms[--client->nr_vms];
	}
	pthread_mutex_unlock(&client->slots_lock);
}

int client_close(struct client *client, uint32_t handle)
{
	struct kbm_sqe sqe = { .op = KBM_OP_CLOSE, .handle = handle };

	forget_slots(client, handle);
	return simple_call(client, &sqe);
}

static int make_plan(struct client *client, uint32_t handle, const struct ioctl_row *row,
		     const void *argument, struct codec_plan *plan)
{
	struct vm_slots *vm;
	int r;

	if (!argument)
		return -EFAULT;
	pthread_mutex_lock(&client->slots_lock);
	vm = find_vm(client, handle);
	r = codec_plan(row, vm ? &vm->slots : NULL, argument, plan);
	pthread_mutex_unlock(&client->slots_lock);
	for (uint32_t i = 0; !r && i < plan->nr_parts; i++) {
		if (!codec_u64(argument, plan->parts[i].field))
			r = -EFAULT;
	}
	return r;
}

static int send_eventfd(struct client *client, int fd)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_EVENTFD };

	if (fd < 0)
		return -EBADF;
	return client_ask(client, &message, &fd, 1, NULL);
}

static int name_memory(struct client *client, const struct ioctl_field *field, uint8_t *payload,
		       struct kbm_sqe *sqe)
{
	uint64_t offset, bytes = codec_u64(payload, field->length);
	int r;

	if (!bytes)
		return 0;
	r = client_share_memory(client, codec_u64(payload, field->offset), bytes, &sqe->memory,
				&offset);
	if (!r)
		codec_set_u64(payload, field->offset, offset);
	return r;
}

/* Addresses and descriptors of this process become names of the session. */
static int name_fields(struct client *client, const struct ioctl_row *row, uint8_t *payload,
		       struct kbm_sqe *sqe, int *eventfds)
{
	int r = 0;

	for (unsigned int i = 0; r >= 0 && i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &row->fields[i];

		if (field->kind == FIELD_MEMORY)
			r = name_memory(client, field, payload, sqe);
		if (!codec_wants_eventfd(field, payload))
			continue;
		r = eventfds[i] = send_eventfd(client, (int)codec_u32(payload, field->offset));
		codec_set_u32(payload, field->offset, (uint32_t)r);
	}
	return r < 0 ? r : 0;
}

static int64_t payload_call(struct client_ring *ring, const struct ioctl_row *row,
			    struct kbm_sqe *sqe, void *argument)
{
	struct codec_plan plan;
	uint8_t *payload = ring_arena(&ring->ring);
	int eventfds[ROW_FIELDS] = { -1, -1 };
	int64_t r = make_plan(ring->client, sqe->handle, row, argument, &plan);

	if (r)
		return r;
	codec_pack(row, &plan, argument, payload);
	r = name_fields(ring->client, row, payload, sqe, eventfds);
	sqe->length = plan.total;
	if (!r)
		r = client_ring_call(ring, sqe, 0);
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (eventfds[i] >= 0)
			client_close(ring->client, (uint32_t)eventfds[i]);
	}
	if (r >= 0)
		codec_unpack(row, &plan, payload, argument);
	else if (r == -E2BIG && row->flags & ROW_COUNT_ON_E2BIG)
		memcpy(argument, payload, row->size);
	if (r >= 0 && row->flags & ROW_SLOT)
		note_slot(ring->client, sqe->handle, codec_u32(argument, 0),
			  codec_u64(argument, row->fields[0].length));
	return r;
}

static int64_t ioctl_by(struct client_ring *ring, const struct ioctl_row *row,
			struct kbm_sqe *sqe, unsigned long argument)
{
	if (row->flags & ROW_VALUE)
		sqe->value = argument;
	if (!row->size)
		return client_ring_call(ring, sqe, row->flags & ROW_RUN);
	return payload_call(ring, row, sqe, (void *)argument);
}

int client_ioctl(struct client *client, uint32_t handle, unsigned long request,
		 unsigned long argument)
{
	/* The kernel looks at 32 bits, and callers with a signed int extend it. */
	const struct ioctl_row *row = ioctl_row((uint32_t)request);
	struct kbm_sqe sqe = {
		.op = KBM_OP_IOCTL, .handle = handle, .request = (uint32_t)request,
	};
	struct client_ring *ring;
	int64_t r;

	if (!row)
		return -ENOTTY;
	r = client_ring_get(client, &ring);
	if (r)
		return (int)r;
	/* A signal handler's call inside of a call: the arena is taken. */
	if (ring->busy)
		return -EBUSY;
	ring->busy = 1;
	r = ioctl_by(ring, row, &sqe, argument);
	ring->busy = 0;
	return (int)r;
}
