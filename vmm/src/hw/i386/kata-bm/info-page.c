/*
 * Kata BM: the info page, which tells a guest what firmware would
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "layout.h"

/* The tables follow the structure. */
static size_t kbm_info_cpus(void)
{
    return sizeof(struct kbm_info);
}

static size_t kbm_info_extents(const KBMLease *lease)
{
    return kbm_info_cpus() + lease->nr_cpus * sizeof(struct kbm_info_cpu);
}

static size_t kbm_info_grants(const KBMLease *lease)
{
    return kbm_info_extents(lease) +
           lease->nr_extents * sizeof(struct kbm_info_extent);
}

size_t kbm_info_bytes(const KBMLease *lease)
{
    return kbm_info_grants(lease) +
           lease->nr_grants * sizeof(struct kbm_info_extent);
}

static void kbm_write_info_tables(const KBMLayout *layout,
                                  const KBMLease *lease, uint8_t *page)
{
    struct kbm_info_cpu *cpu = (void *)(page + kbm_info_cpus());
    struct kbm_info_extent *extent = (void *)(page + kbm_info_extents(lease));
    struct kbm_info_extent *grant = (void *)(page + kbm_info_grants(lease));
    unsigned i;

    for (i = 0; i < lease->nr_cpus; i++) {
        cpu[i] = (struct kbm_info_cpu) {
            .apic_id = lease->cpus[i].apic_id,
            .node = lease->cpus[i].node,
            .mailbox = i ? kbm_layout_mailbox(layout, i) : 0,
        };
    }
    for (i = 0; i < lease->nr_extents; i++) {
        extent[i] = (struct kbm_info_extent) {
            .start = lease->extents[i].start,
            .bytes = lease->extents[i].bytes,
            .node = lease->extents[i].node,
        };
    }
    for (i = 0; i < lease->nr_grants; i++) {
        grant[i] = (struct kbm_info_extent) {
            .start = lease->grants[i].start,
            .bytes = lease->grants[i].bytes,
            .node = lease->grants[i].node,
        };
    }
}

void kbm_write_info(const KBMLayout *layout, const KBMLease *lease,
                    const KBMInfoOptions *options)
{
    size_t bytes = kbm_info_bytes(lease);
    uint8_t *page = kbm_lease_host(lease, layout->info, bytes);

    kbm_write_info_tables(layout, lease, page);
    *(struct kbm_info *)page = (struct kbm_info) {
        .magic = KBM_INFO_MAGIC,
        .version = options->version,
        .size = bytes,
        .mode = options->mode,
        .tsc_khz = lease->info.tsc_khz,
        .lapic_timer_hz = lease->info.lapic_timer_hz,
        .cpus = kbm_info_cpus(),
        .nr_cpus = lease->nr_cpus,
        .extents = kbm_info_extents(lease),
        .nr_extents = lease->nr_extents,
        .console = layout->console,
        .console_bytes = sizeof(struct kbm_console) + KBM_CONSOLE_BYTES,
        .device_area = layout->device_area,
        .device_area_bytes = layout->device_area_bytes,
        .virtio = options->nr_virtio ? layout->virtio : 0,
        .nr_virtio = options->nr_virtio,
        .flags = lease->info.flags & KBM_HOST_TSC_DEADLINE ?
                 KBM_INFO_TSC_DEADLINE : 0,
        .grants = lease->nr_grants ? kbm_info_grants(lease) : 0,
        .nr_grants = lease->nr_grants,
        .channel = options->channel,
        .channel_bytes = options->channel_bytes,
        /* Guests run with TSC offset 0: ours is theirs. */
        .wallclock_ns = g_get_real_time() * 1000,
        .wallclock_tsc = cpu_get_host_ticks(),
    };
}
