/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

int samples_init(struct samples *samples, unsigned int size)
{
	*samples = (struct samples){ .size = size, .ns = calloc(size, sizeof(uint64_t)) };
	return samples->ns ? 0 : -ENOMEM;
}

void samples_done(struct samples *samples)
{
	free(samples->ns);
	samples->ns = NULL;
}

void samples_add(struct samples *samples, uint64_t ns)
{
	if (samples->count < samples->size)
		samples->ns[samples->count++] = ns;
}

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

void samples_print(struct samples *samples, const char *name)
{
	unsigned int count = samples->count;

	if (!count)
		return;
	qsort(samples->ns, count, sizeof(uint64_t), compare);
	printf("\"%s\": {\"median_ns\": %" PRIu64 ", \"p99_ns\": %" PRIu64 "}, ", name,
	       samples->ns[count / 2], samples->ns[count - 1 - count / 100]);
}
