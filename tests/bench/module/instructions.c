// SPDX-License-Identifier: GPL-2.0
/* Single instructions: a short run of them for each sample. */
#include <linux/irqflags.h>
#include <asm/processor.h>
#include <asm/special_insns.h>
#include <asm/tsc.h>

#include "bench.h"

#define RUN	16

static void cpuid_run(void)
{
	for (unsigned int i = 0; i < RUN; i++) {
		unsigned int eax = 0, ebx, ecx = 0, edx;

		native_cpuid(&eax, &ebx, &ecx, &edx);
	}
}

/* The value read back has no NOFLUSH bit: the TLB is flushed each time. */
static void cr3_run(void)
{
	unsigned long cr3 = __native_read_cr3();

	for (unsigned int i = 0; i < RUN; i++)
		native_write_cr3(cr3);
}

static void measure(struct samples *samples, void (*run)(void))
{
	samples->run = RUN;
	while (samples->count < samples->size) {
		unsigned long flags;
		u64 start, end;

		local_irq_save(flags);
		start = rdtsc_ordered();
		run();
		end = rdtsc_ordered();
		local_irq_restore(flags);
		samples_add(samples, end - start);
	}
}

void bench_cpuid(struct samples *samples, int peer)
{
	measure(samples, cpuid_run);
}

void bench_cr3(struct samples *samples, int peer)
{
	measure(samples, cr3_run);
}
