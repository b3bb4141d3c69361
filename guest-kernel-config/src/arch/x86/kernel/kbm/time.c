// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: TSC, APIC timer and wall clock, all told by the info page.
 */
#include <linux/math64.h>
#include <linux/time64.h>

#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/tsc.h>
#include <asm/x86_init.h>

#include "kbm.h"

static unsigned long kbm_tsc_khz(void)
{
	return kbm_info->tsc_khz;
}

/* The TSC is the machine's: it counts on while the guest does not run. */
static void kbm_get_wallclock(struct timespec64 *now)
{
	u64 ticks = rdtsc_ordered() - kbm_info->wallclock_tsc;
	u64 passed = mul_u64_u64_div_u64(ticks, NSEC_PER_MSEC,
					 kbm_info->tsc_khz);

	*now = ns_to_timespec64(kbm_info->wallclock_ns + passed);
}

/* Instead of PIT and HPET: there is nothing to calibrate against. */
static void __init kbm_timer_init(void)
{
	lapic_timer_period = div_u64(kbm_info->lapic_timer_hz, HZ);
}

void __init kbm_time_init(void)
{
	x86_init.timers.timer_init = kbm_timer_init;
	x86_platform.calibrate_cpu = kbm_tsc_khz;
	x86_platform.calibrate_tsc = kbm_tsc_khz;
	x86_platform.get_wallclock = kbm_get_wallclock;
	x86_platform.set_wallclock = set_rtc_noop;

	setup_force_cpu_cap(X86_FEATURE_TSC_KNOWN_FREQ);
	setup_force_cpu_cap(X86_FEATURE_TSC_RELIABLE);
	setup_force_cpu_cap(X86_FEATURE_CONSTANT_TSC);
	setup_force_cpu_cap(X86_FEATURE_NONSTOP_TSC);
	/* CPUID may show the machine's leaf or the VMM's; the host knows. */
	if (!(kbm_info->flags & KBM_INFO_TSC_DEADLINE))
		setup_clear_cpu_cap(X86_FEATURE_TSC_DEADLINE_TIMER);
	/* Nobody puts a lent CPU into a state that stops its APIC timer. */
	setup_force_cpu_cap(X86_FEATURE_ARAT);
}
