// SPDX-License-Identifier: GPL-2.0-or-later
#include "codec.h"

#include <errno.h>
#include <string.h>

#include "wire.h"

#define PAGE_SHIFT	12

uint32_t codec_u32(const void *base, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, (const uint8_t *)base + offset, sizeof(value));
	return value;
}

uint64_t codec_u64(const void *base, uint32_t offset)
{
	uint64_t value;

	memcpy(&value, (const uint8_t *)base + offset, sizeof(value));
	return value;
}

void codec_set_u32(void *base, uint32_t offset, uint32_t value)
{
	memcpy((uint8_t *)base + offset, &value, sizeof(value));
}

void codec_set_u64(void *base, uint32_t offset, uint64_t value)
{
	memcpy((uint8_t *)base + offset, &value, sizeof(value));
}

int codec_wants_eventfd(const struct ioctl_field *field, const void *main)
{
	return field->kind == FIELD_EVENTFD &&
	       (field->always || codec_u32(main, field->flags_at) & field->length);
}

static uint64_t align8(uint64_t bytes)
{
	return (bytes + 7) & ~7ULL;
}

/* The kernel reads and writes bitmaps in longs. */
static uint64_t bitmap_bytes(uint64_t bits)
{
	return (bits + 63) / 64 * 8;
}

static uint64_t part_length(const struct ioctl_field *field, const struct slots *slots,
			    const void *main, uint32_t element)
{
	switch (field->kind) {
	case FIELD_POINTER:
		return field->length;
	case FIELD_BITS:
		return bitmap_bytes(codec_u32(main, field->length + element));
	case FIELD_SLOT_BITS:
		return bitmap_bytes(slots_bytes(slots, codec_u32(main, field->length)) >>
				    PAGE_SHIFT);
	default:
		return 0;
	}
}

static int plan_part(struct codec_plan *plan, const struct ioctl_field *field, uint32_t at,
		     uint64_t length)
{
	uint64_t start = align8(plan->total);

	if (!length)
		return 0;
	if (plan->nr_parts == CODEC_MAX_PARTS || start > KBM_ARENA_SIZE ||
	    length > KBM_ARENA_SIZE - start)
		return -E2BIG;
	plan->parts[plan->nr_parts++] = (struct codec_part){
		.field = at, .offset = (uint32_t)start, .length = (uint32_t)length,
		.direction = field->direction,
	};
	plan->total = (uint32_t)(start + length);
	return 0;
}

static int plan_field(struct codec_plan *plan, const struct ioctl_field *field,
		      const struct slots *slots, const void *main)
{
	uint32_t repeat = field->repeat ? field->repeat : 1;
	int r = 0;

	for (uint32_t i = 0; !r && i < repeat; i++) {
		uint32_t element = i * field->stride;

		r = plan_part(plan, field, field->offset + element,
			      part_length(field, slots, main, element));
	}
	return r;
}

int codec_plan(const struct ioctl_row *row, const struct slots *slots, const void *main,
	       struct codec_plan *ret_plan)
{
	struct codec_plan plan = { .main = row->size };
	uint32_t count, bytes;
	int r = 0;

	if (row->element) {
		count = codec_u32(main, row->count_at);
		if (count > row->max)
			return -E2BIG;
		bytes = row->base + count * row->element;
		plan.main = bytes > row->size ? bytes : row->size;
	}
	plan.total = plan.main;
	for (unsigned int i = 0; !r && i < ROW_FIELDS; i++)
		r = plan_field(&plan, &row->fields[i], slots, main);
	if (!r)
		*ret_plan = plan;
	return r;
}

static void *pointer_at(const void *main, uint32_t field)
{
	return (void *)(uintptr_t)codec_u64(main, field);
}

void codec_pack(const struct ioctl_row *row, const struct codec_plan *plan, const void *argument,
		uint8_t *payload)
{
	if (row->flags & ROW_IN)
		memcpy(payload, argument, plan->main);
	else
		memset(payload, 0, plan->main);
	for (uint32_t i = 0; i < plan->nr_parts; i++) {
		const struct codec_part *part = &plan->parts[i];

		codec_set_u64(payload, part->field, 0);
		if (part->direction & FIELD_READ)
			memcpy(payload + part->offset, pointer_at(argument, part->field),
			       part->length);
	}
}

void codec_unpack(const struct ioctl_row *row, const struct codec_plan *plan,
		  const uint8_t *payload, void *argument)
{
	for (uint32_t i = 0; i < plan->nr_parts; i++) {
		const struct codec_part *part = &plan->parts[i];

		if (part->direction & FIELD_WRITTEN)
			memcpy(pointer_at(argument, part->field), payload + part->offset,
			       part->length);
	}
	if (row->flags & ROW_OUT)
		memcpy(argument, payload, plan->main);
}

/* Also those to nothing: a client's number must never be an address here. */
static void clear_pointers(const struct ioctl_row *row, uint8_t *payload)
{
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &row->fields[i];
		uint32_t repeat = field->repeat ? field->repeat : 1;

		if (field->kind == FIELD_POINTER || field->kind == FIELD_BITS ||
			 field->kind == FIELD_SLOT_BITS)
			for (uint32_t j = 0; j < repeat; j++)
				codec_set_u64(payload, field->offset + j * field->stride, 0);
	}
}

int codec_decode(const struct ioctl_row *row, const struct slots *slots, uint8_t *payload,
		 uint32_t length, struct codec_plan *ret_plan)
{
	struct codec_plan plan;
	int r;

	if (length < row->size)
		return -EINVAL;
	r = codec_plan(row, slots, payload, &plan);
	if (r)
		return r;
	if (plan.total != length)
		return -EINVAL;
	clear_pointers(row, payload);
	for (uint32_t i = 0; i < plan.nr_parts; i++)
		codec_set_u64(payload, plan.parts[i].field,
			      (uintptr_t)payload + plan.parts[i].offset);
	*ret_plan = plan;
	return 0;
}

void codec_scrub(const struct ioctl_row *row, const struct codec_plan *plan, uint8_t *payload)
{
	for (uint32_t i = 0; i < plan->nr_parts; i++)
		codec_set_u64(payload, plan->parts[i].field, 0);
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (row->fields[i].kind == FIELD_MEMORY)
			codec_set_u64(payload, row->fields[i].offset, 0);
		else if (row->fields[i].kind == FIELD_EVENTFD)
			codec_set_u32(payload, row->fields[i].offset, 0);
	}
}
