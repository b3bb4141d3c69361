// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: finds the info page, copies it once, checks the copy.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/io.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include <asm/bootparam.h>
#include <asm/early_ioremap.h>
#include <asm/setup.h>

#include "info_check.h"
#include "kbm.h"

const struct kbm_info *kbm_info __ro_after_init;

static u8 early_copy[KBM_INFO_MAX_SIZE] __initdata __aligned(8);
static void *device_area __ro_after_init;

static void __init copy_physical(void *to, u64 from, size_t bytes)
{
	void *map = early_memremap(from, bytes);

	if (!map)
		kbm_end(KBM_END_REFUSED, KBM_REFUSED_INFO_CONTENT);
	memcpy(to, map, bytes);
	early_memunmap(map, bytes);
}

/* Address of the info page; 0 if nobody announced one. */
static u64 __init find_info(void)
{
	struct kbm_setup_data data = {};
	struct setup_data header;
	u64 next;

	for (next = boot_params.hdr.setup_data; next; next = header.next) {
		u64 at = next;

		copy_physical(&header, at, sizeof(header));
		if (header.type != KBM_SETUP_DATA_TYPE)
			continue;
		if (header.len < sizeof(data))
			kbm_end(KBM_END_REFUSED, KBM_REFUSED_INFO_SIZE);
		copy_physical(&data, at + sizeof(header), sizeof(data));
		if (!data.info || !PAGE_ALIGNED(data.info))
			kbm_end(KBM_END_REFUSED, KBM_REFUSED_INFO_CONTENT);
		break;
	}
	return data.info;
}

static void __init refuse_unless(int refusal)
{
	if (refusal)
		kbm_end(KBM_END_REFUSED, refusal);
}

/**
 * kbm_info_find - take the info page if there is one
 *
 * A page that is not in order ends the guest.
 *
 * Return: is this a direct guest?
 */
static bool __init kbm_info_find(void)
{
	struct kbm_info *info = (void *)early_copy;
	u64 address = find_info();
	u32 size;

	if (!address)
		return false;
	copy_physical(info, address, sizeof(*info));
	refuse_unless(kbm_info_check_header(info));
	size = info->size;
	copy_physical(info, address, size);
	/* The VMM could have changed it meanwhile. */
	refuse_unless(kbm_info_check_header(info));
	if (info->size != size)
		kbm_end(KBM_END_REFUSED, KBM_REFUSED_INFO_SIZE);
	refuse_unless(kbm_info_check(info, address));
	kbm_info = info;
	return true;
}

/**
 * kbm_early_init - first thing after the early mappings exist
 *
 * Before this nothing has looked at the memory map or at a device.
 */
void __init kbm_early_init(void)
{
	if (!kbm_info_find())
		return;
	kbm_platform_early_init();
	kbm_console_early_init();
}

void *kbm_shared(u64 pa)
{
	return device_area + (pa - kbm_info->device_area);
}

/**
 * kbm_info_late_init - keep what the early copy and mapping gave
 *
 * Return: 0, or -ENOMEM.
 */
int __init kbm_info_late_init(void)
{
	void *copy;

	if (device_area)
		return 0;
	device_area = memremap(kbm_info->device_area,
			       kbm_info->device_area_bytes, MEMREMAP_WB);
	copy = kmemdup(kbm_info, kbm_info->size, GFP_KERNEL);
	if (!device_area || !copy)
		return -ENOMEM;
	kbm_info = copy;
	return 0;
}
