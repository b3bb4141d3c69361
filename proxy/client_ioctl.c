// SPDX-License-Identifier: GPL-2.0-or-later
/* An ioctl: its structure becomes a payload, and back. */
#include <errno.h>
#include <string.h>

#include <linux/kvm.h>

#include "client.h"
#include "client_events.h"
#include "client_private.h"
#include "codec.h"

static int copy_trusted(void *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return 0;
}

void client_set_hooks(struct client *client, const struct client_hooks *hooks)
{
	client->hooks = hooks ? *hooks : (struct client_hooks){ .copy = copy_trusted };
}

/* The structure's begin, at @payload, says how long all of it is. */
static int make_plan(struct client *client, uint32_t handle, const struct ioctl_row *row,
		     const void *argument, uint8_t *payload, struct codec_plan *plan)
{
	int r = row->flags & ROW_IN ? client->hooks.copy(payload, argument, row->size) : 0;

	if (r || !argument)
		return -EFAULT;
	r = codec_plan(row, client_slots_lock(client, handle), payload, plan);
	client_slots_unlock(client);
	return !r && plan->total > client->arena ? -E2BIG : r;
}

#define PAGE	4096ULL

/* Whole pages are shared; where in them the address is comes with the offset. */
static int name_memory(struct client *client, const struct ioctl_field *field, uint8_t *payload,
		       struct kbm_sqe *sqe)
{
	uint64_t address = codec_u64(payload, field->offset), offset, first, end;
	uint64_t bytes = field->length;
	int r;

	if (field->kind == FIELD_MEMORY)
		bytes = codec_u64(payload, field->length);
	else if (!address || field->direction != FIELD_READ)
		return 0;
	if (!bytes)
		return 0;
	first = address & ~(PAGE - 1);
	end = (address + bytes + PAGE - 1) & ~(PAGE - 1);
	/* KVM has slots of whole pages only. */
	if (end <= first || (field->kind == FIELD_MEMORY && end - first != bytes))
		return -EINVAL;
	r = client_share_memory(client, first, end - first, &sqe->memory, &offset);
	if (r && field->kind == FIELD_ADDRESS)
		return r;
	/* Without a name of memory the call fails: KVM says what it thinks of the rest. */
	codec_set_u64(payload, field->offset, r ? 0 : offset + (address - first));
	return 0;
}

static void name_handle(struct client *client, const struct ioctl_field *field, uint8_t *payload)
{
	if (client->hooks.handle_of)
		codec_set_handle(field, payload,
				 client->hooks.handle_of((int)codec_handle(field, payload)));
}

static int name_eventfd(struct client *client, const struct ioctl_row *row, unsigned int index,
			uint8_t *payload, struct event_call *events)
{
	uint32_t offset = row->fields[index].offset;
	int handle = client_event_name(client, row, index, (int)codec_u32(payload, offset), events);

	codec_set_u32(payload, offset, (uint32_t)handle);
	return handle < 0 ? handle : 0;
}

static int name_field(struct client *client, const struct ioctl_row *row, unsigned int index,
		      uint8_t *payload, struct kbm_sqe *sqe, struct event_call *events)
{
	const struct ioctl_field *field = &row->fields[index];

	if (!codec_has_field(field, payload))
		return 0;
	switch (field->kind) {
	case FIELD_MEMORY:
	case FIELD_ADDRESS:
		return name_memory(client, field, payload, sqe);
	case FIELD_HANDLE:
		name_handle(client, field, payload);
		return 0;
	case FIELD_EVENTFD:
		return name_eventfd(client, row, index, payload, events);
	default:
		return 0;
	}
}

/* Addresses and descriptors of this process become names of the session. */
static int name_fields(struct client *client, const struct ioctl_row *row, uint8_t *payload,
		       struct kbm_sqe *sqe, struct event_call *events)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < ROW_FIELDS; i++)
		r = name_field(client, row, i, payload, sqe, events);
	return r ? r : client_event_prepare(client, row, payload, events);
}

static int64_t finish(struct client *client, const struct ioctl_row *row,
		      const struct codec_plan *plan, const uint8_t *payload, void *argument,
		      int64_t result)
{
	int r = 0;

	if (result >= 0 || row->flags & ROW_OUT_ALWAYS)
		r = codec_unpack(row, plan, payload, argument, client->hooks.copy);
	else if (result == -E2BIG && row->flags & ROW_COUNT_ON_E2BIG)
		r = client->hooks.copy(argument, payload, row->size);
	return r ? r : result;
}

static void note_capability(struct client *client, uint32_t handle,
			    const struct kvm_enable_cap *cap)
{
	if (capability_is_dirty_ring(cap->cap))
		client_vm_set_dirty_bytes(client, handle, (uint32_t)cap->args[0]);
}

static int64_t payload_call(struct client_ring *ring, const struct ioctl_row *row,
			    struct kbm_sqe *sqe, void *argument)
{
	struct client *client = ring->client;
	struct codec_plan plan = { 0 };
	uint8_t *payload = ring_arena(&ring->ring);
	struct event_call events = { 0 };
	struct kvm_enable_cap cap = { 0 };
	uint32_t slot = 0;
	uint64_t bytes = 0;
	int64_t r = make_plan(client, sqe->handle, row, argument, payload, &plan);

	if (!r)
		r = codec_pack(row, &plan, argument, payload, client->hooks.copy);
	if (!r && row->flags & ROW_SLOT) {
		slot = codec_u32(payload, 0);
		bytes = codec_u64(payload, row->fields[0].length);
	}
	if (!r && row->flags & ROW_CAP_ENABLE)
		memcpy(&cap, payload, sizeof(cap));
	if (!r)
		r = name_fields(client, row, payload, sqe, &events);
	sqe->length = plan.total;
	if (!r)
		r = finish(client, row, &plan, payload, argument, client_ring_call(ring, sqe, 0));
	client_event_done(client, sqe->handle, &events, r);
	if (r >= 0 && row->flags & ROW_SLOT)
		client_slots_note(client, sqe->handle, slot, bytes);
	if (r >= 0)
		note_capability(client, sqe->handle, &cap);
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

static void note_result(struct client *client, uint32_t handle, const struct ioctl_row *row,
			int64_t result)
{
	if (result >= 0 && row->returns == HANDLE_VCPU)
		client_run_note(client, handle, (uint32_t)result);
	if (row->request == KVM_GET_VCPU_MMAP_SIZE && result > 0 && result <= KBM_MAX_RUN_BYTES)
		client->run_bytes = (uint32_t)result;
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

	if ((uint32_t)request == (uint32_t)KVM_SET_SIGNAL_MASK)
		return client_run_set_mask(client, handle, (const void *)argument);
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
	note_result(client, handle, row, r);
	return (int)r;
}
