/*
 * Kata BM: what lies where in a guest's memory at its start
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "layout.h"

#define KBM_PAGE    4096

/* Gives out whole pages, one after the other. */
static hwaddr kbm_take(hwaddr *next, uint64_t bytes)
{
    hwaddr start = *next;

    *next += ROUND_UP(bytes, KBM_PAGE);
    return start;
}

/* Places the device area's parts from @start on; returns its end. */
static hwaddr kbm_layout_device_area(KBMLayout *layout, const KBMLease *lease,
                                     size_t cmdline_bytes, hwaddr start)
{
    hwaddr next = start;

    layout->device_area = start;
    layout->info = kbm_take(&next, kbm_info_bytes(lease));
    layout->mailboxes = kbm_take(&next, lease->nr_cpus *
                                        sizeof(struct kbm_mailbox));
    layout->boot_params = kbm_take(&next, KBM_BOOT_PARAMS_SIZE);
    layout->setup_data = kbm_take(&next, KBM_PAGE);
    layout->cmdline = kbm_take(&next, cmdline_bytes + 1);
    layout->stub = kbm_take(&next, KBM_PAGE);
    layout->gdt = kbm_take(&next, KBM_PAGE);
    layout->idt = kbm_take(&next, KBM_PAGE);
    layout->stacks = kbm_take(&next, lease->nr_cpus * KBM_AP_STACK);
    layout->page_tables_bytes = kbm_page_tables_bytes(lease);
    layout->page_tables = kbm_take(&next, layout->page_tables_bytes);
    layout->console = kbm_take(&next, sizeof(struct kbm_console) +
                                      KBM_CONSOLE_BYTES);
    layout->virtio = kbm_take(&next, KBM_MAX_VIRTIO * KBM_VIRTIO_PAGE_SIZE);
    return next;
}

bool kbm_layout_plan(KBMLayout *layout, const KBMLease *lease,
                     const KBMLinuxImage *image, size_t cmdline_bytes,
                     size_t initrd_bytes, Error **errp)
{
    const KBMExtent *first = &lease->extents[0];
    hwaddr end = first->start + first->bytes;
    uint64_t need;

    if (cmdline_bytes > image->cmdline_max) {
        error_setg(errp, "kata-bm: the kernel takes a command line of %u "
                   "characters, -append has %zu", image->cmdline_max,
                   cmdline_bytes);
        return false;
    }
    /* Its size does not depend on where it starts. */
    layout->device_area_bytes =
        kbm_layout_device_area(layout, lease, cmdline_bytes, 0);
    layout->kernel = ROUND_UP(first->start, image->alignment);
    layout->initrd_bytes = initrd_bytes;
    need = layout->kernel - first->start +
           ROUND_UP(image->kernel_memory, KBM_PAGE) +
           ROUND_UP(initrd_bytes, KBM_PAGE) + layout->device_area_bytes;
    if (need > first->bytes) {
        error_setg(errp, "kata-bm: the kernel, the initrd and the device area "
                   "need %" PRIu64 " KiB, the guest's first extent has %" PRIu64
                   " KiB: give more memory with -m", need / KiB,
                   first->bytes / KiB);
        return false;
    }
    kbm_layout_device_area(layout, lease, cmdline_bytes,
                           end - layout->device_area_bytes);
    layout->initrd = layout->device_area - ROUND_UP(initrd_bytes, KBM_PAGE);
    return true;
}
