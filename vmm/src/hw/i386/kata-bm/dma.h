/*
 * Kata BM: what devices of the control BM may reach
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_DMA_H
#define KATA_BM_DMA_H

#include "exec/memory.h"
#include "hw/i386/kata-bm-lease.h"

/*
 * The control BM does I/O straight from and to the memory of its guests: its
 * own devices must reach that, though its vCPUs' memory slots must not have it.
 * Returns an address space of the system's memory and the lease's grants, for
 * good; NULL if the lease has none.
 */
AddressSpace *kbm_dma_new(const KBMLease *lease, Object *owner, Error **errp);

#endif /* KATA_BM_DMA_H */
