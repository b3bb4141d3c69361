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

int codec_has_field(const struct ioctl_field *field, const void *main)
{
	for (unsigned int i = 0; i < FIELD_CONDITIONS; i++) {
		const struct field_condition *when = &field->when[i];

		if (when->mask && (codec_u32(main, when->at) & when->mask) != when->value)
			return 0;
	}
	return field->kind != FIELD_NONE;
}

uint64_t codec_handle(const struct ioctl_field *field, const void *main)
{
	return field->length == 8 ? codec_u64(main, field->offset) :
				    codec_u32(main, field->offset);
}

void codec_set_handle(const struct ioctl_field *field, void *main, uint64_t value)
{
	if (field->length == 8)
		codec_set_u64(main, field->offset, value);
	else
		codec_set_u32(main, field->offset, (uint32_t)value);
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

static int plan_part(struct codec_plan *plan, const struct ioctl_field *field, const void *main,
		     uint32_t at, uint64_t length)
{
	uint64_t start = align8(plan->total);

	/* A pointer to nothing stays one: KVM has its own error for it. */
	if (!length || !codec_u64(main, at))
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

	if (!codec_has_field(field, main))
		return 0;
	for (uint32_t i = 0; !r && i < repeat; i++) {
		uint32_t element = i * field->stride;

		r = plan_part(plan, field, main, field->offset + element,
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

/* Pointers cross as they are: the twin never uses them, only whether they are. */
int codec_pack(const struct ioctl_row *row, const struct codec_plan *plan, const void *argument,
	       uint8_t *payload, codec_copy copy)
{
	int r = 0;

	if (row->flags & ROW_IN)
		r = copy(payload, argument, plan->main);
	else
		memset(payload, 0, plan->main);
	for (uint32_t i = 0; !r && i < plan->nr_parts; i++) {
		const struct codec_part *part = &plan->parts[i];

		if (part->direction & FIELD_READ)
			r = copy(payload + part->offset, pointer_at(payload, part->field),
				 part->length);
	}
	return r;
}

static int unpack_part(const struct codec_part *part, const uint8_t *payload,
		       const uint8_t *argument, codec_copy copy)
{
	void *to;
	int r = copy(&to, argument + part->field, sizeof(to));

	return r ? r : copy(to, payload + part->offset, part->length);
}

int codec_unpack(const struct ioctl_row *row, const struct codec_plan *plan,
		 const uint8_t *payload, void *argument, codec_copy copy)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < plan->nr_parts; i++) {
		if (plan->parts[i].direction & FIELD_WRITTEN)
			r = unpack_part(&plan->parts[i], payload, argument, copy);
	}
	if (!r && row->flags & ROW_OUT)
		r = copy(argument, payload, plan->main);
	return r;
}

static int is_pointer(const struct ioctl_field *field)
{
	return field->kind == FIELD_POINTER || field->kind == FIELD_BITS ||
	       field->kind == FIELD_SLOT_BITS;
}

/* Also those to nothing: a client's number must never be an address here. */
static void clear_pointers(const struct ioctl_row *row, uint8_t *payload)
{
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &row->fields[i];
		uint32_t repeat = field->repeat ? field->repeat : 1;

		if (!is_pointer(field) || !codec_has_field(field, payload))
			continue;
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

static void scrub_field(const struct ioctl_field *field, uint8_t *payload)
{
	if (!codec_has_field(field, payload))
		return;
	if (field->kind == FIELD_MEMORY || field->kind == FIELD_ADDRESS)
		codec_set_u64(payload, field->offset, 0);
	else if (field->kind == FIELD_EVENTFD)
		codec_set_u32(payload, field->offset, 0);
	else if (field->kind == FIELD_HANDLE)
		codec_set_handle(field, payload, 0);
}

void codec_scrub(const struct ioctl_row *row, const struct codec_plan *plan, uint8_t *payload)
{
	for (uint32_t i = 0; i < plan->nr_parts; i++)
		codec_set_u64(payload, plan->parts[i].field, 0);
	for (unsigned int i = 0; i < ROW_FIELDS; i++)
		scrub_field(&row->fields[i], payload);
}
