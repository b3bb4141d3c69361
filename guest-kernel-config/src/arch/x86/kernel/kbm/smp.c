// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: CPUs by the info page's table, started by mailbox, and reached by
 * their physical APIC IDs alone.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/cpu.h>
#include <linux/gfp.h>
#include <linux/pgtable.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/init.h>
#include <asm/io_apic.h>
#include <asm/mpspec.h>
#include <asm/realmode.h>
#include <asm/smp.h>
#include <asm/x86_init.h>

#include "kbm.h"

/* do_boot_cpu() reads an address from it, which we then ignore. */
static struct real_mode_header kbm_real_mode_header;

static void __init kbm_parse_smp_cfg(void)
{
	const struct kbm_info_cpu *cpus = kbm_info_cpus();
	u32 i;

	/*
	 * Take the physical x2APIC driver now: the default one would reach
	 * for the APIC's page. Empty OEM IDs match no other driver.
	 */
	x2apic_phys = 1;
	default_acpi_madt_oem_check("", "");

	for (i = 0; i < kbm_info->nr_cpus; i++)
		topology_register_apic(cpus[i].apic_id, CPU_ACPIID_INVALID,
				       true);
	smp_found_config = 1;
}

/*
 * The shorthands "all" and "all but self" mean every CPU of the machine, so
 * not even a way that forgets to ask may use them.
 */
static void kbm_send_ipi_allbutself(int vector)
{
	__apic_send_IPI_mask_allbutself(cpu_online_mask, vector);
}

static void kbm_send_ipi_all(int vector)
{
	__apic_send_IPI_mask(cpu_online_mask, vector);
}

static struct kbm_mailbox *mailbox_of(u32 apic_id)
{
	const struct kbm_info_cpu *cpus = kbm_info_cpus();
	u32 i;

	/* Not from 0: the boot CPU has none. */
	for (i = 1; i < kbm_info->nr_cpus; i++)
		if (cpus[i].apic_id == apic_id)
			return kbm_shared(cpus[i].mailbox);
	return NULL;
}

static int kbm_wake_cpu(u32 apic_id, unsigned long start_ip)
{
	struct kbm_mailbox *mailbox = mailbox_of(apic_id);

	if (!mailbox) {
		pr_err("APIC ID %u has no mailbox in the info page\n", apic_id);
		return -ENODEV;
	}
	WRITE_ONCE(mailbox->argument, 0);
	/* The CPU reads the argument as soon as it sees the entry. */
	smp_store_release(&mailbox->entry, __pa_symbol(kbm_ap_entry));
	kbm_send_ipi(apic_id, KBM_MAILBOX_VECTOR);
	return 0;
}

static void __init *alloc_page_table(void *unused)
{
	return (void *)get_zeroed_page(GFP_KERNEL);
}

/*
 * Page tables for the way from the VMM's identity mapping into the kernel's:
 * the kernel's own, with the entry code mapped at its physical address, too.
 */
static pgd_t *__init make_entry_tables(void)
{
	struct x86_mapping_info info = {
		.alloc_pgt_page	= alloc_page_table,
		.page_flag	= __PAGE_KERNEL_LARGE_EXEC,
		.kernpg_flag	= _KERNPG_TABLE_NOENC,
	};
	pgd_t *pgd = alloc_page_table(NULL);

	if (!pgd ||
	    kernel_ident_mapping_init(&info, pgd, __pa_symbol(kbm_ap_entry),
				      __pa_symbol(kbm_ap_entry_end)))
		return NULL;
	memcpy(pgd + KERNEL_PGD_BOUNDARY, init_top_pgt + KERNEL_PGD_BOUNDARY,
	       KERNEL_PGD_PTRS * sizeof(*pgd));
	return pgd;
}

/* Pins of the machine's APIC that may carry the host's interrupts. */
static void __init mask_local_pins(void)
{
	apic_write(APIC_LVT0, APIC_DM_EXTINT | APIC_LVT_MASKED);
	apic_write(APIC_LVT1, APIC_DM_NMI | APIC_LVT_MASKED);
}

/* Where others put their real mode trampoline together. */
static void __init kbm_prepare_entry(void)
{
	pgd_t *pgd;

	mask_local_pins();
	if (kbm_info_late_init())
		panic("kata-bm: no memory to map the device area");
	pgd = make_entry_tables();
	if (!pgd)
		panic("kata-bm: no memory for the page tables of CPU start");

	kbm_ap_cr3 = __pa(pgd);
	rdmsrl(MSR_EFER, kbm_ap_efer);
	kbm_ap_efer &= EFER_SCE | EFER_NX;
	/* head_64.S clears it when the new CPU has left the shared stack. */
	trampoline_lock = &kbm_ap_lock;
	/* A CPU that went offline would need the VMM to come back. */
	cpu_hotplug_disable_offlining();
}

void __init kbm_smp_init(void)
{
	x86_init.mpparse.parse_smp_cfg = kbm_parse_smp_cfg;
	x86_platform.realmode_init = kbm_prepare_entry;
	real_mode_header = &kbm_real_mode_header;

	apic_update_callback(wakeup_secondary_cpu_64, kbm_wake_cpu);
	apic_update_callback(send_IPI_allbutself, kbm_send_ipi_allbutself);
	apic_update_callback(send_IPI_all, kbm_send_ipi_all);
}
