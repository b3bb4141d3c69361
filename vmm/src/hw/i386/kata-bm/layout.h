/*
 * Kata BM: what lies where in a guest's memory at its start
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_LAYOUT_H
#define KATA_BM_LAYOUT_H

#include <asm/kbm_guest.h>
#include "hw/i386/kata-bm-lease.h"
#include "linux-image.h"

/* Devices a guest can have. Their pages cost 4 KiB each. */
#define KBM_MAX_VIRTIO      32

#define KBM_CONSOLE_BYTES   (128 * 1024)
#define KBM_AP_STACK        512

#define KBM_SELECTOR_CODE   0x10
#define KBM_SELECTOR_DATA   0x18

/*
 * The device area ends the first extent. All are addresses of the guest, each
 * the start of a page.
 */
typedef struct KBMLayout {
    hwaddr device_area;
    uint64_t device_area_bytes;
    hwaddr info;
    hwaddr mailboxes;
    hwaddr boot_params;
    hwaddr setup_data;
    hwaddr cmdline;
    hwaddr stub;
    hwaddr gdt;
    hwaddr idt;
    hwaddr stacks;
    hwaddr page_tables;
    uint64_t page_tables_bytes;
    hwaddr console;
    hwaddr virtio;
    /* Outside the device area: the guest's own from its start on. */
    hwaddr kernel;
    hwaddr initrd;
    uint64_t initrd_bytes;
} KBMLayout;

/* Finds a place for everything in the lent memory, or says what is too big. */
bool kbm_layout_plan(KBMLayout *layout, const KBMLease *lease,
                     const KBMLinuxImage *image, size_t cmdline_bytes,
                     size_t initrd_bytes, Error **errp);

static inline hwaddr kbm_layout_mailbox(const KBMLayout *layout, unsigned cpu)
{
    return layout->mailboxes + cpu * sizeof(struct kbm_mailbox);
}

/* Stacks grow down. Eight bytes are left as after a call. */
static inline hwaddr kbm_layout_stack(const KBMLayout *layout, unsigned cpu)
{
    return layout->stacks + (cpu + 1) * KBM_AP_STACK - 8;
}

/* tables.c: page tables, descriptor tables and the stub. */
void kbm_write_page_tables(const KBMLayout *layout, const KBMLease *lease);
void kbm_write_stub(const KBMLayout *layout, const KBMLease *lease);
uint64_t kbm_page_tables_bytes(const KBMLease *lease);

/* boot-params.c */
void kbm_write_kernel(const KBMLayout *layout, const KBMLease *lease,
                      const KBMLinuxImage *image, const char *cmdline);

/* info-page.c */
typedef struct KBMInfoOptions {
    uint32_t version;
    uint32_t mode;
    unsigned nr_virtio;
    hwaddr channel;             /* 0: none */
    uint64_t channel_bytes;
} KBMInfoOptions;

size_t kbm_info_bytes(const KBMLease *lease);
void kbm_write_info(const KBMLayout *layout, const KBMLease *lease,
                    const KBMInfoOptions *options);

#endif /* KATA_BM_LAYOUT_H */
