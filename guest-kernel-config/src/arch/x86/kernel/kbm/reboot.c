// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: hypercalls, and the ends of a guest that are made of them.
 */
#include <linux/console.h>
#include <linux/kernel.h>
#include <linux/panic_notifier.h>
#include <linux/pm.h>

#include <asm/irqflags.h>
#include <asm/processor.h>
#include <asm/reboot.h>

#include "kbm.h"

/* The instruction must be the vendor's own: nobody rewrites it. */
static bool use_vmmcall(void)
{
	return boot_cpu_data.x86_vendor == X86_VENDOR_AMD ||
	       boot_cpu_data.x86_vendor == X86_VENDOR_HYGON;
}

/**
 * kbm_hypercall - ask the host
 * @number:	KBM_HYPERCALL_*.
 * @argument:	first argument.
 * @detail:	second argument.
 *
 * Return: 0, or a negative errno.
 */
long kbm_hypercall(u64 number, u64 argument, u64 detail)
{
	long ret;

	if (use_vmmcall())
		asm volatile("vmmcall" : "=a" (ret)
			     : "a" (number), "b" (argument), "c" (detail)
			     : "memory");
	else
		asm volatile("vmcall" : "=a" (ret)
			     : "a" (number), "b" (argument), "c" (detail)
			     : "memory");
	return ret;
}

/**
 * kbm_end - the guest ends here, with all its CPUs
 * @reason:	KBM_END_*.
 * @detail:	depends on the reason.
 */
void __noreturn kbm_end(u64 reason, u64 detail)
{
	kbm_console_drain();
	kbm_hypercall(KBM_HYPERCALL_END, reason, detail);
	/* The host does not return from it. Should it, go no further. */
	local_irq_disable();
	for (;;)
		native_halt();
}

static void kbm_power_off(void)
{
	kbm_end(KBM_END_SHUTDOWN, 0);
}

static void kbm_restart(char *command)
{
	kbm_end(KBM_END_REBOOT, 0);
}

static void kbm_emergency_restart(void)
{
	kbm_end(KBM_END_REBOOT, 0);
}

static int kbm_panicked(struct notifier_block *self, unsigned long event,
			void *message)
{
	console_flush_on_panic(CONSOLE_FLUSH_PENDING);
	kbm_end(KBM_END_PANIC, 0);
}

/* Last: the other notifiers may have something to say. */
static struct notifier_block panic_block = {
	.notifier_call	= kbm_panicked,
	.priority	= INT_MIN,
};

void __init kbm_reboot_init(void)
{
	machine_ops.power_off = kbm_power_off;
	machine_ops.halt = kbm_power_off;
	machine_ops.restart = kbm_restart;
	machine_ops.emergency_restart = kbm_emergency_restart;
	/* Without it Linux would take "power off" for "halt". */
	pm_power_off = kbm_power_off;
	atomic_notifier_chain_register(&panic_notifier_list, &panic_block);
}
