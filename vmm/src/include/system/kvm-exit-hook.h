/*
 * A machine's own handling of KVM exits
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef SYSTEM_KVM_EXIT_HOOK_H
#define SYSTEM_KVM_EXIT_HOOK_H

#include "hw/core/cpu.h"

struct kvm_run;

/*
 * Sees each exit of a vCPU before the generic code does, on the vCPU's thread
 * and without the BQL. Returns true if that was all, with the result for
 * kvm_cpu_exec() in @ret.
 */
typedef bool KVMExitHook(CPUState *cpu, struct kvm_run *run, int *ret);

/* NULL unless a machine sets it before its vCPUs run. */
extern KVMExitHook *kvm_exit_hook;

static inline bool kvm_exit_hooked(CPUState *cpu, struct kvm_run *run, int *ret)
{
    return kvm_exit_hook && kvm_exit_hook(cpu, run, ret);
}

#endif /* SYSTEM_KVM_EXIT_HOOK_H */
