// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: what a CPU does when it has nothing to do.
 *
 * kbm.idle=hlt|mwait|poll	all CPUs; hlt unless told otherwise
 * kbm.idle_poll=<cpulist>	these poll, whatever the others do
 *
 * Neither way exits. Polling wakes fastest and keeps a core (and an emulator)
 * busy; unlike with idle=poll the tick stops all the same.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/cpumask.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/sched/idle.h>
#include <linux/static_call.h>

#include <asm/processor.h>

#include "kbm.h"

static struct cpumask poll_cpus __ro_after_init;
static bool use_mwait __initdata;

DECLARE_STATIC_CALL(x86_idle, default_idle);
/* What Linux chose for the CPUs that do not poll. */
DEFINE_STATIC_CALL(kbm_other_idle, default_idle);

static __cpuidle void poll(void)
{
	if (!current_set_polling_and_test()) {
		raw_local_irq_enable();
		while (!need_resched())
			cpu_relax();
		raw_local_irq_disable();
	}
	__current_clr_polling();
}

static __cpuidle void kbm_idle(void)
{
	if (cpumask_test_cpu(raw_smp_processor_id(), &poll_cpus))
		poll();
	else
		static_call(kbm_other_idle)();
}

static int __init parse_idle(char *how)
{
	if (how && !strcmp(how, "poll"))
		cpumask_setall(&poll_cpus);
	else if (how && !strcmp(how, "mwait"))
		use_mwait = true;
	else if (!how || strcmp(how, "hlt"))
		pr_warn("kbm.idle=%s is not hlt, mwait or poll; using hlt\n",
			how ?: "");
	return 0;
}
early_param("kbm.idle", parse_idle);

static int __init parse_idle_poll(char *cpus)
{
	struct cpumask named;

	if (!cpus || cpulist_parse(cpus, &named))
		pr_warn("kbm.idle_poll=%s is not a list of CPUs; none polls\n",
			cpus ?: "");
	else
		cpumask_or(&poll_cpus, &poll_cpus, &named);
	return 0;
}
early_param("kbm.idle_poll", parse_idle_poll);

/* After the command line, before Linux chooses. */
void __init kbm_idle_init(void)
{
	if (!use_mwait && boot_option_idle_override == IDLE_NO_OVERRIDE)
		boot_option_idle_override = IDLE_HALT;
}

static int __init install_poll(void)
{
	void *chosen = static_call_query(x86_idle);

	if (!kbm_guest() || !chosen || cpumask_empty(&poll_cpus))
		return 0;
	static_call_update(kbm_other_idle, chosen);
	static_call_update(x86_idle, kbm_idle);
	return 0;
}
early_initcall(install_poll);
