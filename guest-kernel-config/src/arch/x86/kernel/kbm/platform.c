// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: a machine without firmware, low memory and legacy devices.
 *
 * Whatever Linux would look up below 4 GiB or at an I/O port is the real
 * machine's there, not ours: each such look-up is turned off here.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/cpu.h>
#include <linux/ioport.h>
#include <linux/printk.h>
#include <linux/serial_8250.h>

#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/i8259.h>
#include <asm/iommu.h>
#include <asm/setup.h>
#include <asm/x86_init.h>

#include "kbm.h"

/* By the setup_data entry alone: CPUID shows the machine's own leaves. */
static u32 __init kbm_detect(void)
{
	return kbm_guest() ? U32_MAX : 0;
}

static bool __init kbm_yes(void)
{
	return true;
}

static unsigned char kbm_no_nmi_reason(void)
{
	return 0;
}

static struct resource device_area_resource = {
	.name	= "kata-bm device area",
	.flags	= IORESOURCE_MEM,
};

/* Instead of a PC's I/O ports: the one thing that is ours beside RAM. */
static void __init kbm_reserve_resources(void)
{
	struct resource *area = &device_area_resource;

	area->start = kbm_info->device_area;
	area->end = area->start + kbm_info->device_area_bytes - 1;
	if (insert_resource(&iomem_resource, area))
		pr_warn("device area %pR is taken\n", area);
}

/* Port 0 makes the driver leave the UART alone. */
static void kbm_no_uart(int port, struct uart_port *up, u32 *capabilities)
{
	up->iobase = 0;
}

static void __init kbm_no_legacy_devices(void)
{
	x86_platform.legacy.i8042 = X86_LEGACY_I8042_PLATFORM_ABSENT;
	x86_platform.legacy.rtc = 0;
	x86_platform.legacy.warm_reset = 0;
	x86_platform.legacy.reserve_bios_regions = 0;
	x86_platform.legacy.devices.pnpbios = 0;
	x86_platform.get_nmi_reason = kbm_no_nmi_reason;
	legacy_pic = &null_legacy_pic;
#ifdef CONFIG_SERIAL_8250
	serial8250_set_isa_configurator(kbm_no_uart);
#endif
}

static void __init kbm_no_low_memory(void)
{
	x86_platform.realmode_reserve = x86_init_noop;
	x86_init.resources.probe_roms = x86_init_noop;
	x86_init.resources.dmi_setup = x86_init_noop;
	x86_init.resources.reserve_resources = kbm_reserve_resources;
	x86_init.mpparse.find_mptable = x86_init_noop;
	x86_init.mpparse.early_parse_smp_cfg = x86_init_noop;
	x86_init.irqs.pre_vector_init = x86_init_noop;
	/* Bounce buffers would have to lie below 4 GiB. */
	no_iommu = 1;
}

/*
 * Features whose use at run time reads or writes MSRs that belong to the
 * machine, which is an exit each.
 */
static void __init kbm_clear_features(void)
{
	setup_clear_cpu_cap(X86_FEATURE_TSC_ADJUST);
	setup_clear_cpu_cap(X86_FEATURE_APERFMPERF);
	setup_clear_cpu_cap(X86_FEATURE_BUS_LOCK_DETECT);
	setup_clear_cpu_cap(X86_FEATURE_SPLIT_LOCK_DETECT);
}

void __init kbm_platform_early_init(void)
{
	kbm_no_low_memory();
	kbm_no_legacy_devices();
	kbm_clear_features();
	kbm_reboot_init();
}

static void __init kbm_init_platform(void)
{
	kbm_time_init();
	kbm_smp_init();
	kbm_idle_init();
	pr_info("%u CPUs, %u extents of memory, %s, %u virtio devices\n",
		kbm_info->nr_cpus, kbm_info->nr_extents,
		kbm_info->mode == KBM_MODE_WALLED ? "walled" : "direct",
		kbm_info->nr_virtio);
}

const struct hypervisor_x86 x86_hyper_kbm __refconst = {
	.name			= "Kata BM",
	.detect			= kbm_detect,
	.init.init_platform	= kbm_init_platform,
	.init.x2apic_available	= kbm_yes,
	/* No MSI is ever composed; without it APIC IDs end at 255. */
	.init.msi_ext_dest_id	= kbm_yes,
	.ignore_nopv		= true,
};
