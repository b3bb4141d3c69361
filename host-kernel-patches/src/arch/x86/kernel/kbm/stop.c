// SPDX-License-Identifier: GPL-2.0
/*
 * The host goes down: all guests stop first. A guest that ran on would write
 * into the memory of the next kernel.
 */

#include <linux/delay.h>
#include <linux/notifier.h>
#include <linux/smp.h>
#include <linux/suspend.h>

#include <asm/kbm.h>
#include <asm/smp.h>

#include "kbm.h"

#define KBM_STOP_TIMEOUT_MS 100

static void (*host_stop_other_cpus)(int wait);
static void (*host_crash_stop_other_cpus)(void);

static bool all_halted(void)
{
	unsigned int number;

	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[number]);

		if (cpu && READ_ONCE(cpu->state) != KBM_CPU_HALTED &&
		    READ_ONCE(cpu->state) != KBM_CPU_LEAVING)
			return false;
	}
	return true;
}

/*
 * Stops every guest and halts its CPU. For the end of the host: takes no
 * locks, works with interrupts off and on a host that panics.
 */
static void kbm_stop_all(void)
{
	unsigned int number;

	WRITE_ONCE(kbm_halt_all, true);
	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[number]);

		/* Not kbm_park_nmi_send(): who panics may hold its lock. */
		if (cpu)
			kbm_send_ipi(cpu->apic_id, NMI_VECTOR);
	}
	for (int ms = 0; ms < KBM_STOP_TIMEOUT_MS && !all_halted(); ms++)
		mdelay(1);
	if (!all_halted())
		pr_emerg("kata-bm: a guest does not stop\n");
}

static void kbm_stop_other_cpus(int wait)
{
	kbm_stop_all();
	host_stop_other_cpus(wait);
}

static void kbm_crash_stop_other_cpus(void)
{
	kbm_stop_all();
	host_crash_stop_other_cpus();
}

static bool any_lent(void)
{
	unsigned int number;

	for_each_possible_cpu(number) {
		if (READ_ONCE(kbm_cpus[number]))
			return true;
	}
	return false;
}

/* Lent memory and CPUs cannot sleep with the host. */
static int power_event(struct notifier_block *block, unsigned long event, void *data)
{
	if ((event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE) && any_lent()) {
		pr_warn("kata-bm: guests are running; stop them before the host sleeps\n");
		return NOTIFY_BAD;
	}
	return NOTIFY_DONE;
}

static struct notifier_block power_notifier = {
	.notifier_call = power_event,
};

int __init kbm_stop_init(void)
{
	host_stop_other_cpus = smp_ops.stop_other_cpus;
	smp_ops.stop_other_cpus = kbm_stop_other_cpus;
	if (smp_ops.crash_stop_other_cpus) {
		host_crash_stop_other_cpus = smp_ops.crash_stop_other_cpus;
		smp_ops.crash_stop_other_cpus = kbm_crash_stop_other_cpus;
	}
	return register_pm_notifier(&power_notifier);
}
