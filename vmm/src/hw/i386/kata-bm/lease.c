/*
 * Kata BM: CPUs and memory lent by the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <sys/ioctl.h>
#include <asm/kbm_guest.h>
#include "qemu/atomic.h"
#include "qemu/units.h"
#include "qapi/error.h"
#include "hw/i386/kata-bm-lease.h"

#define KBM_REASON_MAX      256

/* A word that changes for ever is a guest's own trouble. */
#define KBM_RING_ATTEMPTS   8

/* The last error in the kernel's words, or what errno says. */
char *kbm_lease_reason(const KBMLease *lease, int error)
{
    char text[KBM_REASON_MAX];
    int length = lease->ops->reason(lease, text, sizeof(text) - 1);

    if (length <= 0) {
        return g_strdup(strerror(error));
    }
    text[length] = '\0';
    return g_strdup(g_strchomp(text));
}

/* A call for the kernel that lends. */
static int kbm_lease_ioctl(const KBMLease *lease, unsigned long request,
                           void *argument)
{
    return lease->ops->ioctl(lease, request, argument);
}

/* A call for the kernel that we run on. */
static int kbm_lease_local(const KBMLease *lease, unsigned long request,
                           void *argument)
{
    return RETRY_ON_EINTR(ioctl(lease->local, request, argument)) < 0 ? -errno
                                                                      : 0;
}

bool kbm_lease_open(KBMLease *lease, const KBMLeaseOps *ops, Error **errp)
{
    int ret;

    lease->ops = ops;
    if (!ops->open(lease, errp)) {
        return false;
    }
    ret = kbm_lease_ioctl(lease, KBM_GET_HOST_INFO, &lease->info);
    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_setg(errp, "kata-bm: cannot read the host's constants: %s",
                   reason);
        return false;
    }
    if (lease->info.version != KBM_ABI_VERSION) {
        error_setg(errp, "kata-bm: the host kernel has version %u of "
                   KBM_DEVICE_PATH ", this VMM needs version %u: use the two "
                   "of one release", lease->info.version, KBM_ABI_VERSION);
        return false;
    }
    if (!lease->info.tsc_khz || !lease->info.lapic_timer_hz) {
        error_setg(errp, "kata-bm: the host could not measure its clocks (TSC "
                   "%" PRIu64 " kHz, APIC timer %" PRIu64 " Hz): see its "
                   "kernel log", (uint64_t)lease->info.tsc_khz,
                   (uint64_t)lease->info.lapic_timer_hz);
        return false;
    }
    if (!lease->info.extent_align || !is_power_of_2(lease->info.extent_align) ||
        lease->info.extent_align < 2 * MiB) {
        error_setg(errp, "kata-bm: the host lends memory in units of 0x%" PRIx64
                   " bytes, this VMM needs a power of two of at least 2 MiB",
                   (uint64_t)lease->info.extent_align);
        return false;
    }
    return true;
}

static bool kbm_lease_cpu(KBMLease *lease, uint32_t cpu, Error **errp)
{
    struct kbm_lend_cpu lend = { .cpu = cpu };
    int ret = kbm_lease_ioctl(lease, KBM_LEND_CPU, &lend);

    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_setg(errp, "kata-bm: cannot lend CPU %u: %s", cpu, reason);
        return false;
    }
    lease->cpus[lease->nr_cpus++] = (KBMLentCpu) {
        .cpu = cpu,
        .apic_id = lend.apic_id,
        .node = lend.node,
    };
    return true;
}

bool kbm_lease_cpus(KBMLease *lease, const uint32_t *cpus, unsigned nr,
                    Error **errp)
{
    unsigned i;

    lease->cpus = g_new0(KBMLentCpu, nr);
    for (i = 0; i < nr; i++) {
        if (!kbm_lease_cpu(lease, cpus[i], errp)) {
            return false;
        }
    }
    return true;
}

bool kbm_lease_memory(KBMLease *lease, uint64_t bytes, uint32_t node,
                      Error **errp)
{
    struct kbm_lend_memory lend = {
        .bytes = bytes,
        .node = node & ~KBM_ANY_NODE,
        .flags = node & KBM_ANY_NODE ? KBM_MEMORY_ANY_NODE : 0,
    };
    int ret = kbm_lease_ioctl(lease, KBM_LEND_MEMORY, &lend);

    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_setg(errp, "kata-bm: cannot lend %" PRIu64 " MiB of memory: %s",
                   bytes / MiB, reason);
        return false;
    }
    lease->extents = g_renew(KBMExtent, lease->extents, lease->nr_extents + 1);
    lease->extents[lease->nr_extents++] = (KBMExtent) {
        .start = lend.start,
        .bytes = lend.bytes,
        .node = lend.node,
    };
    return true;
}

bool kbm_lease_map(KBMLease *lease, Error **errp)
{
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        KBMExtent *extent = &lease->extents[i];
        int ret = lease->ops->map(lease, extent->start, extent->bytes,
                                  &extent->host);

        if (ret < 0) {
            error_setg_errno(errp, -ret, "kata-bm: cannot map %" PRIu64
                             " MiB of lent memory at 0x%" HWADDR_PRIx,
                             extent->bytes / MiB, extent->start);
            return false;
        }
    }
    return true;
}

void *kbm_lease_host(const KBMLease *lease, hwaddr start, uint64_t bytes)
{
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        const KBMExtent *extent = &lease->extents[i];

        /* Written so that no sum can wrap. */
        if (start >= extent->start && bytes <= extent->bytes &&
            start - extent->start <= extent->bytes - bytes) {
            return (char *)extent->host + (start - extent->start);
        }
    }
    return NULL;
}

bool kbm_lease_contains(const KBMLease *lease, hwaddr start, uint64_t bytes)
{
    return kbm_lease_host(lease, start, bytes);
}

int kbm_lease_doorbell(KBMLease *lease, hwaddr word, EventNotifier *notifier,
                       bool assign)
{
    struct kbm_doorbell doorbell = {
        .word = word,
        .eventfd = event_notifier_get_fd(notifier),
        .flags = assign ? 0 : KBM_DOORBELL_DEASSIGN,
    };

    return kbm_lease_local(lease, KBM_DOORBELL, &doorbell);
}

void kbm_lease_ring(KBMLease *lease, const uint64_t *word)
{
    uint64_t now, sent = 0;
    int i;

    /* What the doorbell announces is visible before we look who listens. */
    smp_mb();
    for (i = 0; i < KBM_RING_ATTEMPTS; i++) {
        now = qatomic_read_u64(word);
        if (!(now & KBM_DOORBELL_VALID) || now == sent) {
            return;
        }
        /* Of a bad word, or one that has just moved: an error. */
        kbm_lease_local(lease, KBM_SEND_DOORBELL, &now);
        sent = now;
    }
}
