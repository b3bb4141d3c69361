/*
 * Kata BM: what devices of the control BM may reach
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "dma.h"

typedef struct KBMDma {
    AddressSpace as;
    MemoryRegion root;
    MemoryRegion system;
} KBMDma;

/* A page that is nobody's at the time of an access is a SIGBUS. */
static bool kbm_dma_add(KBMDma *dma, const KBMLease *lease, unsigned index,
                        Object *owner, Error **errp)
{
    const KBMGrant *grant = &lease->grants[index];
    g_autofree char *name = g_strdup_printf("kata-bm.grant%u", index);
    MemoryRegion *mr = g_new0(MemoryRegion, 1);
    void *host;
    int ret = lease->ops->map(lease, grant->start, grant->bytes, &host);

    if (ret < 0) {
        g_autofree char *reason = kbm_lease_reason(lease, -ret);

        error_setg(errp, "kata-bm: cannot map the granted memory at 0x%"
                   HWADDR_PRIx ": %s", grant->start, reason);
        return false;
    }
    memory_region_init_ram_ptr(mr, owner, name, grant->bytes, host);
    memory_region_add_subregion(&dma->root, grant->start, mr);
    return true;
}

AddressSpace *kbm_dma_new(const KBMLease *lease, Object *owner, Error **errp)
{
    KBMDma *dma;
    unsigned i;

    if (!lease->nr_grants) {
        return NULL;
    }
    dma = g_new0(KBMDma, 1);
    memory_region_init(&dma->root, owner, "kata-bm.dma", UINT64_MAX);
    memory_region_init_alias(&dma->system, owner, "kata-bm.dma-system",
                             get_system_memory(), 0, UINT64_MAX);
    memory_region_add_subregion_overlap(&dma->root, 0, &dma->system, -1);
    for (i = 0; i < lease->nr_grants; i++) {
        if (!kbm_dma_add(dma, lease, i, owner, errp)) {
            return NULL;
        }
    }
    address_space_init(&dma->as, &dma->root, "kata-bm.dma");
    return &dma->as;
}
