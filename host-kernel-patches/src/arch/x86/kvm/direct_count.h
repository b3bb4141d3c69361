/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_DIRECT_COUNT_H
#define __KVM_X86_DIRECT_COUNT_H

/* Counting of exits. Always inlined: also used where nothing else may run. */

#include <linux/kvm_host.h>

#include <asm/msr.h>

static __always_inline void kvm_count_entry(struct kvm_vcpu *vcpu)
{
	WRITE_ONCE(vcpu->stat.guest_entry_tsc, rdtsc());
}

static __always_inline void kvm_count_residency(struct kvm_vcpu *vcpu)
{
	vcpu->stat.guest_cycles += rdtsc() - vcpu->stat.guest_entry_tsc;
	WRITE_ONCE(vcpu->stat.guest_entry_tsc, 0);
}

/* The pairs of KVM_EXIT_CLASSES lie one after the other: all, runtime. */
static __always_inline u64 *kvm_exit_pair(struct kvm_vcpu *vcpu, enum kvm_exit_class class)
{
	return &vcpu->stat.exits_kick + 2 * class;
}

static __always_inline void kvm_count_exit(struct kvm_vcpu *vcpu, enum kvm_exit_class class,
					   bool runtime)
{
	u64 *pair = kvm_exit_pair(vcpu, class);

	pair[0]++;
	if (runtime)
		pair[1]++;
}

/* exit_debugfs.c */
void kvm_exit_create_debugfs(struct kvm_vcpu *vcpu, struct dentry *folder);

#endif /* __KVM_X86_DIRECT_COUNT_H */
