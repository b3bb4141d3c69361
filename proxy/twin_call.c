// SPDX-License-Identifier: GPL-2.0-or-later
/* What a twin does for one call. All of @sqe and the payload are untrusted. */
#include "twin.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "codec.h"
#include "lease.h"
#include "run_page.h"
#include "status_page.h"

#define ANY_DESCRIPTOR \
	(ON_KVM | ON_VM | ON_VCPU | ON_LEASE | ON_GUEST_MEMFD | 1u << HANDLE_STATS | \
	 1u << HANDLE_EVENTFD)

/* KVM has slots at whole pages only. */
#define NOT_ALIGNED	1u

/* What a call holds until it has ended. */
struct call {
	struct twin_ring *ring;
	const struct kbm_sqe *sqe;
	const struct ioctl_row *row;
	struct object *object;
	struct object *memory;
	struct object *objects[ROW_FIELDS];
	struct codec_plan plan;
};

static int copy_payload(const struct call *call)
{
	const struct kbm_sqe *sqe = call->sqe;

	uint32_t arena = call->ring->ring.arena;

	if (sqe->offset % 8 || sqe->offset > arena || sqe->length > arena - sqe->offset)
		return -EINVAL;
	memcpy(call->ring->buffer, ring_arena(&call->ring->ring) + sqe->offset, sqe->length);
	return 0;
}

/* Memory that the client shared from @offset on, or lent memory at @offset. */
static void *memory_address(const struct object *object, uint64_t offset, uint64_t bytes)
{
	if (object->kind == HANDLE_LEASE)
		return lease_address(object->private, offset, bytes);
	if (offset > object->bytes || bytes > object->bytes - offset)
		return NULL;
	return (uint8_t *)object->memory + offset;
}

static int use_memory(struct call *call, const struct ioctl_field *field)
{
	uint8_t *payload = call->ring->buffer;
	uint64_t offset = codec_u64(payload, field->offset);
	uint64_t bytes = field->kind == FIELD_MEMORY ? codec_u64(payload, field->length) :
						       field->length;
	void *address;

	/* What a client says here is never an address: none, or one that KVM refuses. */
	if (!bytes || !call->sqe->memory) {
		codec_set_u64(payload, field->offset,
			      bytes && field->kind == FIELD_MEMORY ? NOT_ALIGNED : 0);
		return 0;
	}
	call->memory = handles_get(call->ring->handles, call->sqe->memory,
				   1u << HANDLE_MEMORY | ON_LEASE);
	if (!call->memory)
		return -EBADF;
	address = memory_address(call->memory, offset, bytes);
	if (!address)
		return -EINVAL;
	codec_set_u64(payload, field->offset, (uintptr_t)address);
	return 0;
}

static int use_object(struct call *call, unsigned int index)
{
	const struct ioctl_field *field = &call->row->fields[index];
	bool eventfd = field->kind == FIELD_EVENTFD;
	uint8_t *payload = call->ring->buffer;
	uint64_t handle = eventfd ? codec_u32(payload, field->offset) :
				    codec_handle(field, payload);
	struct object *object = NULL;

	/* None: KVM says what it thinks of the rest, then of this. */
	if (!handle && !eventfd) {
		codec_set_handle(field, payload, UINT32_MAX);
		return 0;
	}
	if (handle <= UINT32_MAX)
		object = handles_get(call->ring->handles, (uint32_t)handle,
				     eventfd ? 1u << HANDLE_EVENTFD : field->kinds);
	if (!object)
		return -EBADF;
	call->objects[index] = object;
	if (eventfd)
		codec_set_u32(payload, field->offset, (uint32_t)object->fd);
	else
		codec_set_handle(field, payload, (uint32_t)object->fd);
	return 0;
}

static int use_field(struct call *call, unsigned int index)
{
	const struct ioctl_field *field = &call->row->fields[index];
	const uint8_t *payload = call->ring->buffer;

	if (!codec_has_field(field, payload))
		return 0;
	switch (field->kind) {
	case FIELD_MEMORY:
	case FIELD_ADDRESS:
		return use_memory(call, field);
	case FIELD_EVENTFD:
	case FIELD_HANDLE:
		return use_object(call, index);
	case FIELD_ZERO:
		return codec_u64(payload, field->offset) ? -EOPNOTSUPP : 0;
	default:
		return 0;
	}
}

static int use_fields(struct call *call)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < ROW_FIELDS; i++)
		r = use_field(call, i);
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

static int run_vcpu(const struct object *vcpu, bool cancelled)
{
	int r;

	run_page_begin(vcpu->private);
	if (cancelled)
		run_page_exit_at_once(vcpu->private);
	r = ioctl(vcpu->fd, KVM_RUN, 0);
	if (r < 0)
		r = -errno;
	run_page_end(vcpu->private);
	return r;
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
	r = run_vcpu(call->object, cancelled);
	status_count(STATUS_RUNS, ring->ring.index);
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

/* A vCPU and its run page: the mapping has the size that KVM has for all. */
static int64_t add_vcpu(const struct call *call, int fd)
{
	struct run_page *page = NULL;
	int handle, r = set_kick_mask(fd);

	if (!r)
		r = run_page_new(call->object->private, fd, &page);
	if (r) {
		close_fd(fd);
		return r;
	}
	handle = handles_add_private(call->ring->handles, HANDLE_VCPU, fd, page, run_page_free);
	if (handle < 0)
		run_page_free(page);
	return handle;
}

static int64_t add_vm(const struct call *call, int fd)
{
	struct run_vm *vm = run_vm_new(call->object->fd);
	int handle;

	if (!vm) {
		close_fd(fd);
		return -ENOMEM;
	}
	handle = handles_add_private(call->ring->handles, HANDLE_VM, fd, vm, run_vm_put);
	if (handle < 0)
		run_vm_put(vm);
	return handle;
}

static int64_t returned_handle(const struct call *call, int fd)
{
	if (call->row->returns == HANDLE_VCPU)
		return add_vcpu(call, fd);
	if (call->row->returns == HANDLE_VM)
		return add_vm(call, fd);
	return handles_add(call->ring->handles, call->row->returns, fd);
}

static uint32_t session_can(const struct twin_ring *ring)
{
	if (ring->ring.transport->events)
		return twin_has_feature(KBM_FEATURE_EVENTS) ? CAN_EVENTS : 0;
	return CAN_EVENTFDS | (twin_has_feature(KBM_FEATURE_DIRTY_RING) ? CAN_DIRTY_RINGS : 0);
}

static int64_t extension(const struct call *call, int answer)
{
	int vcpus = (int)call->ring->ring.transport->vcpus;
	uint64_t capability = call->sqe->value;

	answer = capability_answer(capability, answer, session_can(call->ring));
	/* More would be refused in the midst of a VM's creation. */
	if ((capability == KVM_CAP_NR_VCPUS || capability == KVM_CAP_MAX_VCPUS) && answer > vcpus)
		return vcpus;
	return answer;
}

static struct dirty_rings *dirty_rings_of(const struct call *call)
{
	return run_vm_dirty_rings(call->object->private);
}

static void note_dirty_rings(const struct call *call)
{
	const struct kvm_enable_cap *cap = (const void *)call->ring->buffer;

	if (call->object->kind == HANDLE_VM && capability_is_dirty_ring(cap->cap))
		dirty_rings_enable(dirty_rings_of(call), (uint32_t)cap->args[0]);
}

static int reset_dirty_rings(const struct call *call)
{
	int r;

	dirty_rings_before_reset(dirty_rings_of(call));
	r = ioctl(call->object->fd, KVM_RESET_DIRTY_RINGS, 0);
	if (r < 0)
		return -errno;
	dirty_rings_after_reset(dirty_rings_of(call));
	return r;
}

static int64_t kernel_call(const struct call *call)
{
	const struct ioctl_row *row = call->row;
	unsigned long argument = 0;
	int r;

	if (row->flags & ROW_RUN)
		return run(call);
	if (row->request == KVM_RESET_DIRTY_RINGS)
		return reset_dirty_rings(call);
	if (row->flags & ROW_CAP_ENABLE && !capability_enables(codec_u32(call->ring->buffer, 0)))
		return -EINVAL;
	if (row->flags & ROW_VALUE)
		argument = call->sqe->value;
	else if (row->size)
		argument = (uintptr_t)call->ring->buffer;
	if (call->object->kind == HANDLE_LEASE)
		return lease_ioctl(call->object->private, row->request, call->ring->buffer);
	r = ioctl(call->object->fd, row->request, argument);
	if (r < 0)
		return -errno;
	if (row->flags & ROW_CAP_VALUE)
		return extension(call, r);
	if (row->flags & ROW_CAP_ENABLE)
		note_dirty_rings(call);
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
	bool wanted = result >= 0 || call->row->flags & ROW_OUT_ALWAYS ||
		      (result == -E2BIG && call->row->flags & ROW_COUNT_ON_E2BIG);

	if (!call->plan.total || !wanted)
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
		handles_put(ring->handles, call.objects[i]);
	handles_put(ring->handles, call.memory);
	handles_put(ring->handles, call.object);
	return r;
}

int64_t twin_call(struct twin_ring *ring, const struct kbm_sqe *sqe)
{
	if (sqe->reserved || sqe->reserved2 || sqe->reserved3)
		return -EINVAL;
	switch (sqe->op) {
	case KBM_OP_OPEN:
		return twin_open(ring, sqe->request);
	case KBM_OP_CLOSE:
		return handles_close(ring->handles, sqe->handle, ANY_DESCRIPTOR);
	case KBM_OP_IOCTL:
		return ioctl_call(ring, sqe);
	case KBM_OP_LEAVE:
		return 0;
	case KBM_OP_READ:
		return twin_read(ring, sqe);
	case KBM_OP_ERROR:
		return twin_lease_error(ring, sqe);
	case KBM_OP_NAME:
		return twin_set_name(ring, sqe);
	default:
		return -ENOSYS;
	}
}
