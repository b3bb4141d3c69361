/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KBM_BENCH_H
#define KBM_BENCH_H

#include <linux/types.h>

/* One measurement: its samples in TSC ticks, each for @run times the thing. */
struct samples {
	unsigned int run;
	unsigned int count;
	unsigned int size;
	u64 ticks[];
};

struct samples *samples_new(unsigned int size);
static inline void samples_add(struct samples *samples, u64 ticks)
{
	if (samples->count < samples->size)
		samples->ticks[samples->count++] = ticks;
}

/* Sorts, and prints `"name": {"median_ns": ..., "p99_ns": ...}`; returns the length. */
int samples_print(struct samples *samples, const char *name, char *buffer, size_t size);

/*
 * Each runs on its own CPU with interrupts on and fills in all samples.
 * @peer: another CPU, or a negative number: then what needs one has no sample.
 */
void bench_self_ipi(struct samples *samples, int peer);
void bench_ipi(struct samples *samples, int peer);
void bench_timer(struct samples *samples, int peer);
void bench_hlt(struct samples *samples, int peer);
void bench_cpuid(struct samples *samples, int peer);
void bench_cr3(struct samples *samples, int peer);

#endif /* KBM_BENCH_H */
