// SPDX-License-Identifier: GPL-2.0
/*
 * The frequency of the local APIC timer, measured against the TSC.
 *
 * The host has a figure of its own, taken over some ticks of an older timer.
 * It is wrong when that timer is emulated and late, and there is none where
 * the host uses the TSC deadline; a guest has nothing else to go by.
 */

#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/printk.h>

#include <asm/apic.h>
#include <asm/msr.h>
#include <asm/tsc.h>

#include "kbm.h"

#define MEASURE_MS	5
#define MEASURE_TRIES	32

/* A point in time, on both clocks. */
struct moment {
	u64 tsc;
	u32 count;
};

u64 kbm_lapic_timer_hz;

/* The two reads lie apart; of some tries, take the one where they lay closest. */
static struct moment moment_now(void)
{
	struct moment best = {};
	u64 least = U64_MAX;

	for (int i = 0; i < MEASURE_TRIES; i++) {
		u64 before = rdtsc_ordered();
		u32 count = apic_read(APIC_TMCCT);
		u64 after = rdtsc_ordered();

		if (after - before >= least)
			continue;
		least = after - before;
		best.tsc = before + least / 2;
		best.count = count;
	}
	return best;
}

static u64 measure(void)
{
	struct moment start, end;

	apic_write(APIC_LVTT, APIC_LVT_MASKED);
	apic_write(APIC_TDCR, APIC_TDR_DIV_1);
	apic_write(APIC_TMICT, U32_MAX);
	start = moment_now();
	while (rdtsc_ordered() - start.tsc < (u64)tsc_khz * MEASURE_MS)
		cpu_relax();
	end = moment_now();
	return mul_u64_u64_div_u64(start.count - end.count, (u64)tsc_khz * 1000,
				   end.tsc - start.tsc);
}

/*
 * The timer is this CPU's clock event device: what it was armed for happens a
 * little later than asked.
 */
void __init kbm_lapic_timer_init(void)
{
	unsigned long flags;
	u32 lvtt, tdcr, tmict;

	if (!boot_cpu_has(X86_FEATURE_APIC) || !tsc_khz)
		return;
	local_irq_save(flags);
	lvtt = apic_read(APIC_LVTT);
	tdcr = apic_read(APIC_TDCR);
	tmict = apic_read(APIC_TMICT);
	kbm_lapic_timer_hz = measure();
	apic_write(APIC_TDCR, tdcr);
	apic_write(APIC_LVTT, lvtt);
	if ((lvtt & APIC_LVT_TIMER_TSCDEADLINE) == APIC_LVT_TIMER_TSCDEADLINE) {
		/* See __setup_APIC_LVTT(): the mode is to be set before the deadline. */
		asm volatile("mfence" : : : "memory");
		wrmsrl(MSR_IA32_TSC_DEADLINE, rdtsc() + tsc_khz);
	} else {
		apic_write(APIC_TMICT, tmict);
	}
	local_irq_restore(flags);
	pr_info("kata-bm: the local APIC timer runs at %llu kHz\n", kbm_lapic_timer_hz / 1000);
}
