// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: the virtio-bm bus, as platform devices.
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/ioport.h>
#include <linux/platform_device.h>
#include <linux/printk.h>

#include "kbm.h"

static int __init add_virtio(u32 nr)
{
	struct resource page =
		DEFINE_RES_MEM(kbm_info->virtio + (u64)nr * KBM_VIRTIO_PAGE_SIZE,
			       KBM_VIRTIO_PAGE_SIZE);

	return PTR_ERR_OR_ZERO(platform_device_register_simple("virtio-bm", nr,
							       &page, 1));
}

static int __init kbm_devices_init(void)
{
	u32 i;
	int ret;

	if (!kbm_guest())
		return 0;
	for (i = 0; i < kbm_info->nr_virtio; i++) {
		ret = add_virtio(i);
		if (ret)
			pr_err("virtio device %u: error %d\n", i, ret);
	}
	return 0;
}
subsys_initcall(kbm_devices_init);
