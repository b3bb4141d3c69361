// SPDX-License-Identifier: GPL-2.0-or-later
/* What a twin does for one call. All of @sqe and the payload are untrusted. */
#include "twin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "codec.h"

#define ANY_DESCRIPTOR	(ON_KVM | ON_VM | ON_VCPU | 1u << HANDLE_STATS | 1u << HANDLE_EVENTFD)

/* What a call holds until it has ended. */
struct call {
	struct twin_ring *ring;
	const struct kbm_sqe *sqe;
	const struct ioctl_row *row;
	struct object *object;
	struct object *memory;
	struct object *eventfds[ROW_FIELDS];
	struct codec_plan plan;
};

static int64_t open_whitelisted(struct twin_ring *ring, uint64_t what)
{
	int fd;

	if (what != KBM_OPEN_KVM)
		return -ENOSYS;
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return handles_add(ring->handles, HANDLE_KVM, fd);
}

static int copy_payload(const struct call *call)
{
	const struct kbm_sqe *sqe = call->sqe;

	if (sqe->offset % 8 || sqe->offset > KBM_ARENA_SIZE ||
	    sqe->length > KBM_ARENA_SIZE - sqe->offset)
		return -EINVAL;
	memcpy(call->ring->buffer, ring_arena(&call->ring->ring) + sqe->offset, sqe->length);
	return 0;
}

static int use_memory(struct call *call, const struct ioctl_field *field)
{
	uint8_t *payload = call->ring->buffer;
	uint64_t offset = codec_u64(payload, field->offset);
	uint64_t bytes = codec_u64(payload, field->length);

	if (!bytes) {
		codec_set_u64(payload, field->offset, 0);
		return 0;
	}
	call->memory = handles_get(call->ring->handles, call->sqe->memory, 1u << HANDLE_MEMORY);
	if (!call->memory)
		return -EBADF;
	if (offset > call->memory->bytes || bytes > call->memory->bytes - offset)
		return -EINVAL;
	codec_set_u64(payload, field->offset, (uintptr_t)call->memory->memory + offset);
	return 0;
}

static int use_eventfd(struct call *call, unsigned int index)
{
	const struct ioctl_field *field = &call->row->fields[index];
	uint8_t *payload = call->ring->buffer;
	struct object *object;

	if (!codec_wants_eventfd(field, payload)) {
		codec_set_u32(payload, field->offset, UINT32_MAX);
		return 0;
	}
	object = handles_get(call->ring->handles, codec_u32(payload, field->offset),
			     1u << HANDLE_EVENTFD);
	if (!object)
		return -EBADF;
	call->eventfds[index] = object;
	codec_set_u32(payload, field->offset, (uint32_t)object->fd);
	return 0;
}

static int use_fields(struct call *call)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &call->row->fields[i];

		if (field->kind == FIELD_MEMORY)
			r = use_memory(call, field);
		else if (field->kind == FIELD_EVENTFD)
			r = use_eventfd(call, i);
	}
	return r;
}

/* The kernel takes signals only inside of KVM_RUN: a kick is never lost. */
static int set_kick_mask(int fd)
{
	struct {
		struct kvm_signal_mask header;
		uint64_t set;
	} __attribute__((packed)) mask = { .header.len = sizeof(mask.set) };

	mask.set = ~(1ULL << (TWIN_KICK_SIGNAL - 1));
	return ioctl(fd, KVM_SET_SIGNAL_MASK, &mask) < 0 ? -errno : 0;
}

static int64_t run(const struct call *call)
{
	const struct timespec now = { 0 };
	struct twin_ring *ring = call->ring;
	bool cancelled;
	sigset_t kick;
	int r;

	pthread_mutex_lock(&ring->lock);
	cancelled = ring->cancelled == call->sqe->sequence;
	ring->running = call->sqe->sequence;
	pthread_mutex_unlock(&ring->lock);
	r = cancelled ? -EINTR : ioctl(call->object->fd, KVM_RUN, 0);
	if (r == -1)
		r = -errno;
	pthread_mutex_lock(&ring->lock);
	ring->running = 0;
	sigemptyset(&kick);
	sigaddset(&kick, TWIN_KICK_SIGNAL);
	while (sigtimedwait(&kick, NULL, &now) > 0)
		;
	pthread_mutex_unlock(&ring->lock);
	return r;
}

void twin_cancel(struct twin_ring *ring, uint64_t sequence)
{
	pthread_mutex_lock(&ring->lock);
	ring->cancelled = sequence;
	if (sequence && ring->running == sequence)
		pthread_kill(ring->thread, TWIN_KICK_SIGNAL);
	pthread_mutex_unlock(&ring->lock);
}

static int64_t returned_handle(const struct call *call, int fd)
{
	int r = 0;

	if (call->row->returns == HANDLE_VCPU)
		r = set_kick_mask(fd);
	if (!r)
		return handles_add(call->ring->handles, call->row->returns, fd);
	close_fd(fd);
	return r;
}

static int64_t kernel_call(const struct call *call)
{
	const struct ioctl_row *row = call->row;
	unsigned long argument = 0;
	int r;

	if (row->flags & ROW_RUN)
		return run(call);
	if (row->flags & ROW_CAP_VALUE && !capability_visible(call->sqe->value))
		return 0;
	if (row->flags & ROW_CAP_ENABLE && !capability_enables(codec_u32(call->ring->buffer, 0)))
		return -EINVAL;
	if (row->flags & ROW_VALUE)
		argument = call->sqe->value;
	else if (row->size)
		argument = (uintptr_t)call->ring->buffer;
	r = ioctl(call->object->fd, row->request, argument);
	if (r < 0)
		return -errno;
	return row->returns ? returned_handle(call, r) : r;
}

static void note_slot(const struct call *call)
{
	const uint8_t *payload = call->ring->buffer;

	/* Without it the dirty log of the slot is refused, nothing worse. */
	slots_set(&call->object->slots, codec_u32(payload, 0),
		  codec_u64(payload, call->row->fields[0].length));
}

static void answer(const struct call *call, int64_t result)
{
	bool count = result == -E2BIG && call->row->flags & ROW_COUNT_ON_E2BIG;

	if (!call->row->size || (result < 0 && !count))
		return;
	codec_scrub(call->row, &call->plan, call->ring->buffer);
	memcpy(ring_arena(&call->ring->ring) + call->sqe->offset, call->ring->buffer,
	       call->plan.total);
}

static int64_t ioctl_locked(struct call *call)
{
	const struct ioctl_row *row = call->row;
	int64_t r = 0;

	if (row->size)
		r = copy_payload(call);
	else if (call->sqe->length)
		r = -EINVAL;
	if (!r && row->size)
		r = codec_decode(row, &call->object->slots, call->ring->buffer,
				 call->sqe->length, &call->plan);
	if (!r)
		r = use_fields(call);
	if (!r)
		r = kernel_call(call);
	if (r >= 0 && row->flags & ROW_SLOT)
		note_slot(call);
	answer(call, r);
	return r;
}

/* A slot must not grow while the kernel writes its bitmap. */
static bool wants_lock(const struct ioctl_row *row)
{
	return row->flags & ROW_SLOT || row->fields[0].kind == FIELD_SLOT_BITS;
}

static int64_t ioctl_on(struct call *call)
{
	int64_t r;

	if (!(call->row->on & 1u << call->object->kind))
		return -ENOTTY;
	if (wants_lock(call->row))
		pthread_mutex_lock(&call->object->lock);
	r = ioctl_locked(call);
	if (wants_lock(call->row))
		pthread_mutex_unlock(&call->object->lock);
	return r;
}

static int64_t ioctl_call(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	struct call call = { .ring = ring, .sqe = sqe, .row = ioctl_row(sqe->request) };
	int64_t r;

	if (!call.row)
		return -ENOTTY;
	call.object = handles_get(ring->handles, sqe->handle, ~0u);
	if (!call.object)
		return -EBADF;
	r = ioctl_on(&call);
	for (unsigned int i = 0; i < ROW_FIELDS; i++)
		handles_put(ring->handles, call.eventfds[i]);
	handles_put(ring->handles, call.memory);
	handles_put(ring->handles, call.object);
	return r;
}

int64_t twin_call(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	if (sqe->reserved || sqe->reserved2[0] || sqe->reserved2[1])
		return -EINVAL;
	switch (sqe->op) {
	case KBM_OP_OPEN:
		return open_whitelisted(ring, sqe->request);
	case KBM_OP_CLOSE:
		return handles_close(ring->handles, sqe->handle, ANY_DESCRIPTOR);
	case KBM_OP_IOCTL:
		return ioctl_call(ring, sqe);
	case KBM_OP_LEAVE:
		return 0;
	default:
		return -ENOSYS;
	}
}
