/*
 * Kata BM: the vCPUs
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_CPUS_H
#define KATA_BM_CPUS_H

#include "layout.h"

/* Makes a vCPU for each lent CPU; its ID is the physical APIC ID. */
void kbm_cpus_init(MachineState *machine, const KBMLease *lease);

/* Gives all vCPUs the state in which the guest starts. */
void kbm_cpus_reset(const KBMLayout *layout, const KBMLease *lease);

#endif /* KATA_BM_CPUS_H */
