// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes as the payload of any ioctl. First byte: the row; second:
 * size of slot 0; the rest is the payload.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct codec_plan *plan, const uint8_t *payload, uint32_t length)
{
	if (plan->total != length || plan->main > length)
		abort();
	for (uint32_t i = 0; i < plan->nr_parts; i++) {
		const struct codec_part *part = &plan->parts[i];

		if (part->offset < plan->main || part->offset + part->length > length ||
		    part->field + 8 > plan->main ||
		    codec_u64(payload, part->field) != (uintptr_t)payload + part->offset)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ioctl_row *row = size < 2 ? NULL : ioctl_row_at(data[0]);
	struct slots slots = { 0 };
	struct codec_plan plan;
	uint8_t *payload;

	if (!row || !row->size)
		return -1;
	/* Of exactly that size, for the sanitizer to see what is beyond. */
	payload = malloc(size - 1);
	if (!payload || slots_set(&slots, 0, (uint64_t)data[1] << 18))
		abort();
	memcpy(payload, data + 2, size - 2);
	if (!codec_decode(row, &slots, payload, (uint32_t)size - 2, &plan)) {
		check(&plan, payload, (uint32_t)size - 2);
		codec_scrub(row, &plan, payload);
	}
	slots_done(&slots);
	free(payload);
	return 0;
}
