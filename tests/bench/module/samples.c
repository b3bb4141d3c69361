// SPDX-License-Identifier: GPL-2.0
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <asm/tsc.h>

#include "bench.h"

struct samples *samples_new(unsigned int size)
{
	struct samples *samples = kvzalloc(struct_size(samples, ticks, size), GFP_KERNEL);

	if (samples)
		samples->size = size;
	return samples;
}

static int compare(const void *left, const void *right)
{
	u64 a = *(const u64 *)left;
	u64 b = *(const u64 *)right;

	return a < b ? -1 : a > b;
}

static u64 to_ns(u64 ticks)
{
	return mul_u64_u64_div_u64(ticks, 1000000, tsc_khz);
}

int samples_print(struct samples *samples, const char *name, char *buffer, size_t size)
{
	unsigned int count = samples->count;

	if (!count)
		return 0;
	sort(samples->ticks, count, sizeof(u64), compare, NULL);
	return scnprintf(buffer, size, "\"%s\": {\"median_ns\": %llu, \"p99_ns\": %llu}, ", name,
			 to_ns(samples->ticks[count / 2]),
			 to_ns(samples->ticks[count - 1 - count / 100]));
}
