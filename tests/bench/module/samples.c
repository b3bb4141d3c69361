// SPDX-License-Identifier: GPL-2.0
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sort.h>
#include <asm/tsc.h>

#include "bench.h"

struct samples *samples_new(unsigned int size)
{
	struct samples *samples = kvzalloc(struct_size(samples, ticks, size), GFP_KERNEL);

	if (samples) {
		samples->run = 1;
		samples->size = size;
	}
	return samples;
}

static int compare(const void *left, const void *right)
{
	u64 a = *(const u64 *)left;
	u64 b = *(const u64 *)right;

	return a < b ? -1 : a > b;
}

/* The sample below which this share of all is, in hundredths of nanoseconds. */
static u64 quantile(const struct samples *samples, unsigned int percent)
{
	u64 ticks = samples->ticks[(u64)(samples->count - 1) * percent / 100];

	return mul_u64_u64_div_u64(ticks, 100000000, (u64)tsc_khz * samples->run);
}

int samples_print(struct samples *samples, const char *name, char *buffer, size_t size)
{
	u64 median, p99;

	if (!samples->count)
		return 0;
	sort(samples->ticks, samples->count, sizeof(u64), compare, NULL);
	median = quantile(samples, 50);
	p99 = quantile(samples, 99);
	return scnprintf(buffer, size,
			 "\"%s\": {\"median_ns\": %llu.%02llu, \"p99_ns\": %llu.%02llu}, ", name,
			 median / 100, median % 100, p99 / 100, p99 % 100);
}
