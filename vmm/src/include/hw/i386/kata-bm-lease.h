/*
 * Kata BM: CPUs and memory lent by the host
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef HW_I386_KATA_BM_LEASE_H
#define HW_I386_KATA_BM_LEASE_H

#include <asm/kbm.h>
#include "exec/memory.h"
#include "qemu/event_notifier.h"

typedef struct KBMLentCpu {
    uint32_t cpu;               /* number at the host */
    uint32_t apic_id;
    uint32_t node;
} KBMLentCpu;

typedef struct KBMExtent {
    hwaddr start;               /* physical, for the guest and for the host */
    uint64_t bytes;
    uint32_t node;
    void *host;                 /* our mapping of it */
    MemoryRegion mr;
} KBMExtent;

typedef struct KBMLease {
    int fd;
    struct kbm_host_info info;
    KBMLentCpu *cpus;
    unsigned nr_cpus;
    KBMExtent *extents;
    unsigned nr_extents;
} KBMLease;

/* kbm_lease_memory(): take it from any node, the one given is preferred. */
#define KBM_ANY_NODE    (1u << 31)

/* All of them name the cause in @errp, in the host kernel's own words. */
bool kbm_lease_open(KBMLease *lease, Error **errp);
bool kbm_lease_cpus(KBMLease *lease, const uint32_t *cpus, unsigned nr,
                    Error **errp);
bool kbm_lease_memory(KBMLease *lease, uint64_t bytes, uint32_t node,
                      Error **errp);
bool kbm_lease_map(KBMLease *lease, Error **errp);
void kbm_lease_close(KBMLease *lease);

/* Whether one extent holds all of [start, start + bytes). */
bool kbm_lease_contains(const KBMLease *lease, hwaddr start, uint64_t bytes);

/* Our address of a guest address that an extent holds, else NULL. */
void *kbm_lease_host(const KBMLease *lease, hwaddr start, uint64_t bytes);

/*
 * Ties the doorbell word at guest address @word to @notifier, or unties it.
 * Returns 0 or a negative errno.
 */
int kbm_lease_doorbell(KBMLease *lease, hwaddr word, EventNotifier *notifier,
                       bool assign);

/*
 * Rings the guest's doorbell whose word is at @word. From any thread. The guest
 * may write anything to the word: a bad one harms only the guest.
 */
void kbm_lease_ring(KBMLease *lease, const uint64_t *word);

#endif /* HW_I386_KATA_BM_LEASE_H */
