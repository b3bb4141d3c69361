// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints the time stamp counter, or with the argument "khz" its frequency. */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MEASURE_US	50000
#define SAME_MOMENT	2000	/* cycles */

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Both clocks at one moment: again if something came in between. */
static int64_t now_both(uint64_t *ret_tsc)
{
	uint64_t start, end;
	int64_t ns;

	do {
		start = __rdtsc();
		ns = now_ns();
		end = __rdtsc();
	} while (end - start > SAME_MOMENT);
	*ret_tsc = start;
	return ns;
}

static uint64_t measure_khz(void)
{
	uint64_t start_tsc, end_tsc;
	int64_t start_ns = now_both(&start_tsc), end_ns;

	usleep(MEASURE_US);
	end_ns = now_both(&end_tsc);
	return (uint64_t)(1e6 / (double)(end_ns - start_ns) *
			  (double)(end_tsc - start_tsc));
}

int main(int argc, char *argv[])
{
	uint64_t value = argc > 1 ? measure_khz() : __rdtsc();

	(void)argv;
	return printf("%llu\n", (unsigned long long)value) < 0;
}
