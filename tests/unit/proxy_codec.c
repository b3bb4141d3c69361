// SPDX-License-Identifier: GPL-2.0-or-later
/* The proxy's table and codec: damaged payloads are errors, never addresses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec.h"
#include "kvm_newer.h"
#include "wire.h"

static uint8_t payload[KBM_ARENA_SIZE + 65536];

static void each_row_is_sound(void **state)
{
	const struct ioctl_row *row;

	(void)state;
	for (unsigned int i = 0; (row = ioctl_row_at(i)); i++) {
		assert_ptr_equal(ioctl_row(row->request), row);
		assert_true(row->on);
		assert_true(row->base + (uint64_t)row->max * row->element < KBM_ARENA_SIZE);
		if (row->element)
			assert_true(row->count_at + 4 <= row->size);
		for (unsigned int j = 0; j < ROW_FIELDS; j++) {
			const struct ioctl_field *field = &row->fields[j];
			uint32_t last = field->repeat ? field->repeat - 1u : 0;

			if (field->kind)
				assert_true(field->offset + last * field->stride + 4 <= row->size);
			for (unsigned int k = 0; k < FIELD_CONDITIONS; k++)
				assert_true(!field->when[k].mask ||
					    field->when[k].at + 4u <= row->size);
			if (field->kind == FIELD_HANDLE)
				assert_true(field->kinds && field->offset + field->length <=
					    row->size);
		}
	}
}

/* Who is told yes can make the calls. */
static void what_does_not_cross_is_not_there(void **state)
{
	static const uint64_t hidden[] = {
		KVM_CAP_DEVICE_CTRL, KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP, KVM_CAP_SGX_ATTRIBUTE,
		KVM_CAP_VM_COPY_ENC_CONTEXT_FROM, KVM_CAP_X86_GUEST_MODE + 1, UINT32_MAX,
		1ULL << 32 | KVM_CAP_IRQFD,
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		assert_int_equal(capability_answer(hidden[i], 1, ~0u), 0);
	assert_int_equal(capability_answer(KVM_CAP_NR_MEMSLOTS, 509, 0), 509);
	assert_int_equal(capability_answer(KVM_CAP_X86_DIRECT, 1, 0), 1);
	assert_int_equal(capability_answer(KVM_CAP_IRQFD_RESAMPLE, 1, CAN_EVENTFDS), 1);
	assert_int_equal(capability_answer(KVM_CAP_IRQFD_RESAMPLE, 1, CAN_DIRTY_RINGS), 0);
	assert_int_equal(capability_answer(KVM_CAP_DIRTY_LOG_RING, 4096, CAN_DIRTY_RINGS), 4096);
	assert_int_equal(capability_answer(KVM_CAP_DIRTY_LOG_RING, 4096, CAN_EVENTFDS), 0);
	/* No SEV, SNP, TDX. */
	assert_int_equal(capability_answer(KVM_CAP_VM_TYPES, 0x4000003f, ~0u), 0x40000003);
}

static int copy(void *to, const void *from, size_t bytes)
{
	memcpy(to, from, bytes);
	return 0;
}

static int copy_nothing(void *to, const void *from, size_t bytes)
{
	(void)to;
	(void)from;
	(void)bytes;
	return -EFAULT;
}

/* An interrupt's eventfd of Xen lies where other attributes have other things. */
static void fields_have_conditions(void **state)
{
	const struct ioctl_field *field = &ioctl_row(KVM_XEN_HVM_SET_ATTR)->fields[1];
	struct kvm_xen_hvm_attr attribute = { .type = KVM_XEN_ATTR_TYPE_EVTCHN };

	(void)state;
	assert_true(codec_has_field(field, &attribute));
	attribute.u.evtchn.deliver.port.port = 1;
	assert_false(codec_has_field(field, &attribute));
	attribute.u.evtchn.deliver.port.port = 0;
	attribute.u.evtchn.flags = KVM_XEN_EVTCHN_DEASSIGN;
	assert_false(codec_has_field(field, &attribute));
	attribute.u.evtchn.flags = 0;
	attribute.type = KVM_XEN_ATTR_TYPE_LONG_MODE;
	assert_false(codec_has_field(field, &attribute));
}

static void handles_leave_no_descriptor(void **state)
{
	const struct ioctl_row *row = ioctl_row(KVM_ENABLE_CAP);
	struct kvm_enable_cap cap = { .cap = KVM_CAP_X86_DIRECT, .args = { 77, 1 } };
	struct codec_plan plan;

	(void)state;
	memcpy(payload, &cap, sizeof(cap));
	assert_int_equal(codec_decode(row, NULL, payload, sizeof(cap), &plan), 0);
	assert_int_equal(codec_handle(&row->fields[0], payload), 77);
	codec_scrub(row, &plan, payload);
	assert_int_equal(codec_handle(&row->fields[0], payload), 0);
	/* Of any other capability the same bytes are a number. */
	cap.cap = KVM_CAP_HALT_POLL;
	memcpy(payload, &cap, sizeof(cap));
	assert_int_equal(codec_decode(row, NULL, payload, sizeof(cap), &plan), 0);
	codec_scrub(row, &plan, payload);
	assert_memory_equal(payload, &cap, sizeof(cap));
}

static void bad_pointers_are_errors(void **state)
{
	const struct ioctl_row *row = ioctl_row(KVM_GET_DIRTY_LOG);
	struct kvm_dirty_log log = { 0 };
	struct codec_plan plan;

	(void)state;
	assert_int_equal(codec_plan(row, NULL, &log, &plan), 0);
	assert_int_equal(codec_pack(row, &plan, &log, payload, copy_nothing), -EFAULT);
	row = ioctl_row(KVM_GET_CLOCK);
	assert_int_equal(codec_plan(row, NULL, payload, &plan), 0);
	assert_int_equal(codec_unpack(row, &plan, payload, NULL, copy_nothing), -EFAULT);
}

static void unknown_requests_have_no_row(void **state)
{
	(void)state;
	assert_null(ioctl_row(0));
	assert_null(ioctl_row(KVM_MEMORY_ENCRYPT_OP));
	assert_null(ioctl_row(KVM_CREATE_DEVICE));
	assert_null(ioctl_row(KVM_GET_REGS + (1ULL << 32)));
}

static void check_parts(const struct ioctl_row *row, const struct codec_plan *plan,
			uint32_t length)
{
	assert_int_equal(plan->total, length);
	assert_true(plan->main >= row->size && plan->main <= length);
	for (uint32_t i = 0; i < plan->nr_parts; i++) {
		const struct codec_part *part = &plan->parts[i];

		assert_true(part->offset >= plan->main && part->offset + part->length <= length);
		assert_true(part->field + 8 <= row->size);
		assert_int_equal(codec_u64(payload, part->field),
				 (uintptr_t)payload + part->offset);
	}
}

/* Every 32-bit word of every structure, with values at the edges. */
static void damage(const struct ioctl_row *row)
{
	static const uint32_t values[] = { 0, 1, 64, 65, 0x7fffffff, 0x80000000, 0xffffffff };
	struct slots slots = { 0 };
	struct codec_plan plan;

	slots_set(&slots, 1, 1 << 20);
	slots_set(&slots, 64, UINT64_MAX);
	for (uint32_t at = 0; at + 4 <= row->size; at += 4) {
		for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			for (uint32_t length = row->size; length < row->size + 300; length += 4) {
				memset(payload, 0, row->size + 300);
				codec_set_u32(payload, at, values[i]);
				if (!codec_decode(row, &slots, payload, length, &plan))
					check_parts(row, &plan, length);
			}
		}
	}
	slots_done(&slots);
}

static void damaged_structures_are_refused(void **state)
{
	const struct ioctl_row *row;

	(void)state;
	for (unsigned int i = 0; (row = ioctl_row_at(i)); i++) {
		if (row->element || row->fields[0].kind)
			damage(row);
	}
}

static void short_payloads_are_refused(void **state)
{
	const struct ioctl_row *row;
	struct codec_plan plan;

	(void)state;
	memset(payload, 0, sizeof(payload));
	for (unsigned int i = 0; (row = ioctl_row_at(i)); i++) {
		if (!row->size)
			continue;
		assert_int_equal(codec_decode(row, NULL, payload, 0, &plan), -EINVAL);
		assert_int_equal(codec_decode(row, NULL, payload, row->size - 1, &plan), -EINVAL);
	}
}

static void pointers_to_nothing_are_cleared(void **state)
{
	const struct ioctl_row *row = ioctl_row(KVM_GET_DIRTY_LOG);
	struct kvm_dirty_log *log = (void *)payload;
	struct codec_plan plan;

	(void)state;
	*log = (struct kvm_dirty_log){ .slot = 9, .dirty_bitmap = payload };
	assert_int_equal(codec_decode(row, NULL, payload, sizeof(*log), &plan), 0);
	assert_null(log->dirty_bitmap);
}

static void answers_hold_no_address(void **state)
{
	const struct ioctl_row *row = ioctl_row(KVM_X86_SET_MSR_FILTER);
	struct kvm_msr_filter *filter = (void *)payload;
	struct codec_plan plan;

	(void)state;
	memset(payload, 0, 4096);
	filter->ranges[3].nmsrs = 100;
	filter->ranges[3].bitmap = payload;
	assert_int_equal(codec_decode(row, NULL, payload, sizeof(*filter) + 16, &plan), 0);
	assert_int_equal(plan.nr_parts, 1);
	assert_ptr_equal(filter->ranges[3].bitmap, payload + sizeof(*filter));
	codec_scrub(row, &plan, payload);
	assert_null(filter->ranges[3].bitmap);
}

static void packs_and_unpacks_bitmaps(void **state)
{
	const struct ioctl_row *row = ioctl_row(KVM_GET_DIRTY_LOG);
	uint64_t bitmap[4] = { 0 };
	struct kvm_dirty_log log = { .slot = 2, .dirty_bitmap = bitmap };
	struct slots slots = { 0 };
	struct codec_plan plan;

	(void)state;
	slots_set(&slots, 2, 200 * 4096);
	assert_int_equal(codec_plan(row, &slots, &log, &plan), 0);
	assert_int_equal(plan.total, sizeof(log) + sizeof(bitmap));
	assert_int_equal(codec_pack(row, &plan, &log, payload, copy), 0);
	memset(payload + sizeof(log), 0x5a, sizeof(bitmap));
	assert_int_equal(codec_unpack(row, &plan, payload, &log, copy), 0);
	assert_ptr_equal(log.dirty_bitmap, bitmap);
	assert_int_equal(bitmap[3], 0x5a5a5a5a5a5a5a5a);
	slots_done(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_sound),
		cmocka_unit_test(what_does_not_cross_is_not_there),
		cmocka_unit_test(unknown_requests_have_no_row),
		cmocka_unit_test(fields_have_conditions),
		cmocka_unit_test(handles_leave_no_descriptor),
		cmocka_unit_test(bad_pointers_are_errors),
		cmocka_unit_test(damaged_structures_are_refused),
		cmocka_unit_test(short_payloads_are_refused),
		cmocka_unit_test(pointers_to_nothing_are_cleared),
		cmocka_unit_test(answers_hold_no_address),
		cmocka_unit_test(packs_and_unpacks_bitmaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
