/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Payload of an ioctl: its structure with the open end, then what each of its
 * pointers points to, each part on a multiple of 8 bytes.
 */
#ifndef KBM_PROXY_CODEC_H
#define KBM_PROXY_CODEC_H

#include <stddef.h>
#include <stdint.h>

#include "ioctl_table.h"
#include "slots.h"

#define CODEC_MAX_PARTS	16

/**
 * struct codec_part - what one pointer points to
 * @field:	where the pointer is in the structure.
 * @offset:	of the bytes in the payload.
 * @length:	of the bytes.
 */
struct codec_part {
	uint32_t field;
	uint32_t offset;
	uint32_t length;
	uint8_t direction;
};

struct codec_plan {
	uint32_t main;		/* bytes of the structure */
	uint32_t total;
	uint32_t nr_parts;
	struct codec_part parts[CODEC_MAX_PARTS];
};

/*
 * Where everything is, from the structure's own counts. @main has at least
 * row->size bytes. -E2BIG: too much for one call.
 */
int codec_plan(const struct ioctl_row *row, const struct slots *slots, const void *main,
	       struct codec_plan *ret_plan);

/* Copies from or to the caller's memory; 0 or -EFAULT. */
typedef int (*codec_copy)(void *to, const void *from, size_t bytes);

/* Client: from the caller's structure to the payload, and back. */
int codec_pack(const struct ioctl_row *row, const struct codec_plan *plan, const void *argument,
	       uint8_t *payload, codec_copy copy);
int codec_unpack(const struct ioctl_row *row, const struct codec_plan *plan,
		 const uint8_t *payload, void *argument, codec_copy copy);

/*
 * Twin: @payload is a private copy of @length bytes. -EINVAL if that is not
 * what the row wants. Then its pointers point into @payload.
 */
int codec_decode(const struct ioctl_row *row, const struct slots *slots, uint8_t *payload,
		 uint32_t length, struct codec_plan *ret_plan);
/* Twin: takes addresses and descriptors of this process out of the answer. */
void codec_scrub(const struct ioctl_row *row, const struct codec_plan *plan, uint8_t *payload);

uint32_t codec_u32(const void *base, uint32_t offset);
uint64_t codec_u64(const void *base, uint32_t offset);
void codec_set_u32(void *base, uint32_t offset, uint32_t value);
void codec_set_u64(void *base, uint32_t offset, uint64_t value);

/* Whether this structure has @field at all. */
int codec_has_field(const struct ioctl_field *field, const void *main);
/* The value of a FIELD_HANDLE. */
uint64_t codec_handle(const struct ioctl_field *field, const void *main);
void codec_set_handle(const struct ioctl_field *field, void *main, uint64_t value);

#endif
