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
#include <linux/kvm.h>

#include "codec.h"
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
		}
	}
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
	codec_pack(row, &plan, &log, payload);
	memset(payload + sizeof(log), 0x5a, sizeof(bitmap));
	codec_unpack(row, &plan, payload, &log);
	assert_ptr_equal(log.dirty_bitmap, bitmap);
	assert_int_equal(bitmap[3], 0x5a5a5a5a5a5a5a5a);
	slots_done(&slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_sound),
		cmocka_unit_test(unknown_requests_have_no_row),
		cmocka_unit_test(damaged_structures_are_refused),
		cmocka_unit_test(short_payloads_are_refused),
		cmocka_unit_test(pointers_to_nothing_are_cleared),
		cmocka_unit_test(answers_hold_no_address),
		cmocka_unit_test(packs_and_unpacks_bitmaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
