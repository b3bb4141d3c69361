/*
 * Kata BM: the kernel and its boot parameters
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/i386/e820_memory_layout.h"
#include "layout.h"

#define LOADER_UNDEFINED        0xff
#define VID_MODE_NORMAL         0xffff
#define E820_ENTRY_BYTES        20
#define SETUP_DATA_HEADER       16

static void kbm_e820_add(uint8_t *params, hwaddr start, uint64_t bytes,
                         uint32_t type)
{
    uint8_t *entry = params + KBM_BP_E820_TABLE +
                     params[KBM_BP_E820_ENTRIES]++ * E820_ENTRY_BYTES;

    stq_le_p(entry, start);
    stq_le_p(entry + 8, bytes);
    stl_le_p(entry + 16, type);
}

static void kbm_write_e820(const KBMLayout *layout, const KBMLease *lease,
                           uint8_t *params)
{
    const KBMExtent *first = &lease->extents[0];
    unsigned i;

    kbm_e820_add(params, first->start, layout->device_area - first->start,
                 E820_RAM);
    kbm_e820_add(params, layout->device_area, layout->device_area_bytes,
                 E820_RESERVED);
    for (i = 1; i < lease->nr_extents; i++) {
        kbm_e820_add(params, lease->extents[i].start, lease->extents[i].bytes,
                     E820_RAM);
    }
}

static void kbm_write_setup_data(const KBMLayout *layout, const KBMLease *lease)
{
    uint8_t *data = kbm_lease_host(lease, layout->setup_data, SETUP_DATA_HEADER
                                   + sizeof(struct kbm_setup_data));

    stq_le_p(data, 0);          /* the only one */
    stl_le_p(data + 8, KBM_SETUP_DATA_TYPE);
    stl_le_p(data + 12, sizeof(struct kbm_setup_data));
    stq_le_p(data + SETUP_DATA_HEADER +
             offsetof(struct kbm_setup_data, info), layout->info);
}

/* Addresses are split: the upper half has a field of its own. */
static void kbm_write_split(uint8_t *params, int low, int high, uint64_t value)
{
    stl_le_p(params + low, value);
    stl_le_p(params + high, value >> 32);
}

static void kbm_write_boot_params(const KBMLayout *layout,
                                  const KBMLease *lease,
                                  const KBMLinuxImage *image)
{
    uint8_t *params = kbm_lease_host(lease, layout->boot_params,
                                     KBM_BOOT_PARAMS_SIZE);

    memcpy(params + KBM_BP_HEADER, image->header, image->header_bytes);
    params[KBM_BP_TYPE_OF_LOADER] = LOADER_UNDEFINED;
    stw_le_p(params + KBM_BP_VID_MODE, VID_MODE_NORMAL);
    kbm_write_split(params, KBM_BP_CMD_LINE_PTR, KBM_BP_EXT_CMD_LINE_PTR,
                    layout->cmdline);
    if (layout->initrd_bytes) {
        kbm_write_split(params, KBM_BP_RAMDISK_IMAGE, KBM_BP_EXT_RAMDISK_IMAGE,
                        layout->initrd);
        kbm_write_split(params, KBM_BP_RAMDISK_SIZE, KBM_BP_EXT_RAMDISK_SIZE,
                        layout->initrd_bytes);
    }
    stq_le_p(params + KBM_BP_SETUP_DATA, layout->setup_data);
    kbm_write_e820(layout, lease, params);
}

void kbm_write_kernel(const KBMLayout *layout, const KBMLease *lease,
                      const KBMLinuxImage *image, const char *cmdline)
{
    size_t cmdline_bytes = strlen(cmdline) + 1;

    memcpy(kbm_lease_host(lease, layout->kernel, image->kernel_bytes),
           image->kernel, image->kernel_bytes);
    memcpy(kbm_lease_host(lease, layout->cmdline, cmdline_bytes), cmdline,
           cmdline_bytes);
    kbm_write_setup_data(layout, lease);
    kbm_write_boot_params(layout, lease, image);
}
