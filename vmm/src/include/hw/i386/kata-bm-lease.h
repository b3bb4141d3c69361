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

/* Memory that is not the guest's own, but that it may reach. */
typedef struct KBMGrant {
    hwaddr start;
    uint64_t bytes;
    uint32_t node;
} KBMGrant;

typedef struct KBMLease KBMLease;

/*
 * Who lends. All but @open return 0 (@reason: the bytes of the text) or a
 * negative errno. @open sets @name and @local.
 */
typedef struct KBMLeaseOps {
    bool (*open)(KBMLease *lease, Error **errp);
    int (*ioctl)(const KBMLease *lease, unsigned long request, void *argument);
    int (*reason)(const KBMLease *lease, char *text, size_t size);
    int (*map)(const KBMLease *lease, hwaddr start, uint64_t bytes,
               void **host);
} KBMLeaseOps;

extern const KBMLeaseOps kbm_lease_local_ops;   /* /dev/kata-bm of the host */
extern const KBMLeaseOps kbm_lease_proxy_ops;   /* that of our twin */

struct KBMLease {
    const KBMLeaseOps *ops;
    int name;                   /* of the lease in KVM's calls */
    int local;                  /* descriptor that takes and sends doorbells */
    struct kbm_host_info info;
    KBMLentCpu *cpus;
    unsigned nr_cpus;
    KBMExtent *extents;
    unsigned nr_extents;
    KBMGrant *grants;           /* grants.c */
    unsigned nr_grants;
};

/* kbm_lease_memory(): take it from any node, the one given is preferred. */
#define KBM_ANY_NODE    (1u << 31)

/* All of them name the cause in @errp, in the host kernel's own words. */
bool kbm_lease_open(KBMLease *lease, const KBMLeaseOps *ops, Error **errp);
bool kbm_lease_cpus(KBMLease *lease, const uint32_t *cpus, unsigned nr,
                    Error **errp);
bool kbm_lease_memory(KBMLease *lease, uint64_t bytes, uint32_t node,
                      Error **errp);
bool kbm_lease_map(KBMLease *lease, Error **errp);
/* There is no release: the kernel takes all back at our end. */

/* Why the last call of the lease's failed with @error; to be freed. */
char *kbm_lease_reason(const KBMLease *lease, int error);

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
