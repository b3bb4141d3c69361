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
#include "system/kvm.h"
#include "hw/i386/kata-bm-lease.h"

#define KBM_REASON_MAX      256

/* A word that changes for ever is a guest's own trouble. */
#define KBM_RING_ATTEMPTS   8

/* The last error in the kernel's words, or what errno says. */
static char *kbm_lease_reason(const KBMLease *lease, int error)
{
    char text[KBM_REASON_MAX];
    ssize_t length = read(lease->fd, text, sizeof(text) - 1);

    if (length <= 0) {
        return g_strdup(strerror(error));
    }
    text[length] = '\0';
    return g_strdup(g_strchomp(text));
}

static int kbm_lease_ioctl(const KBMLease *lease, unsigned long request,
                           void *argument)
{
    return RETRY_ON_EINTR(ioctl(lease->fd, request, argument)) < 0 ? -errno : 0;
}

bool kbm_lease_open(KBMLease *lease, Error **errp)
{
    int ret;

    lease->fd = qemu_open_old(KBM_DEVICE_PATH, O_RDWR);
    if (lease->fd < 0) {
        error_setg_errno(errp, errno, "kata-bm: cannot open " KBM_DEVICE_PATH);
        if (errno == ENOENT) {
            error_append_hint(errp, "Boot the host with a kernel that has the "
                              "Kata BM patches.\n");
        }
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
        void *host = mmap(NULL, extent->bytes, PROT_READ | PROT_WRITE,
                          MAP_SHARED, lease->fd, extent->start);

        if (host == MAP_FAILED) {
            error_setg_errno(errp, errno, "kata-bm: cannot map %" PRIu64
                             " MiB of lent memory at 0x%" HWADDR_PRIx,
                             extent->bytes / MiB, extent->start);
            return false;
        }
        extent->host = host;
    }
    return true;
}

/* Only before the guest has run: later the kernel takes all back at our end. */
void kbm_lease_close(KBMLease *lease)
{
    unsigned i;

    for (i = 0; i < lease->nr_extents; i++) {
        if (lease->extents[i].host) {
            munmap(lease->extents[i].host, lease->extents[i].bytes);
        }
    }
    if (lease->fd >= 0) {
        close(lease->fd);
    }
    g_free(lease->cpus);
    g_free(lease->extents);
    *lease = (KBMLease) { .fd = -1 };
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

    return kbm_lease_ioctl(lease, KBM_DOORBELL, &doorbell);
}

/* The x2APIC form of the address: 32 bits of APIC ID in two fields. */
static void kbm_lease_send(uint32_t apic_id, uint8_t vector)
{
    struct kvm_msi msi = {
        .address_lo = 0xfee00000 | (apic_id & 0xff) << 12,
        .address_hi = apic_id & 0xffffff00,
        .data = vector,
    };

    kvm_vm_ioctl(kvm_state, KVM_SIGNAL_MSI, &msi);
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
        kbm_lease_send(KBM_DOORBELL_APIC_ID(now), KBM_DOORBELL_VECTOR(now));
        sent = now;
    }
}
