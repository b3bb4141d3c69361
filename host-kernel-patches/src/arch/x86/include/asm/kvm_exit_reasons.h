/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_KVM_EXIT_REASONS_H
#define _ASM_X86_KVM_EXIT_REASONS_H

/*
 * Classes of VM exits, the same for each vendor. Each is a pair of counters of
 * a vCPU, in KVM's binary statistics and in debugfs:
 *   exits_<class>		all exits since the vCPU was made;
 *   runtime_exits_<class>	of a direct guest's vCPU, those between go-live
 *				and the guest's end.
 * "kick" is an exit that the host asked for; all others the guest has caused.
 */
#define KVM_EXIT_CLASSES(X)	\
	X(kick)			\
	X(cpuid)		\
	X(msr)			\
	X(io)			\
	X(hlt)			\
	X(hypercall)		\
	X(interrupt)		\
	X(interrupt_window)	\
	X(nmi)			\
	X(nested_fault)		\
	X(exception)		\
	X(shutdown)		\
	X(control_register)	\
	X(debug_register)	\
	X(xsetbv)		\
	X(pause)		\
	X(mwait)		\
	X(cache)		\
	X(tlb)			\
	X(virtualization)	\
	X(entry_failure)	\
	X(other)

#define KVM_EXIT_CLASS_ENUM(class) KVM_EXIT_CLASS_##class,
enum kvm_exit_class {
	KVM_EXIT_CLASSES(KVM_EXIT_CLASS_ENUM)
	KVM_NR_EXIT_CLASSES
};
#undef KVM_EXIT_CLASS_ENUM

#define KVM_EXIT_CLASS_FIELDS(class) u64 exits_##class; u64 runtime_exits_##class;

/*
 * Fields of struct kvm_vcpu_stat. guest_cycles: TSC cycles in the guest, of
 * stays that have ended. guest_entry_tsc: TSC at the entry of the stay that
 * goes on; 0: none does.
 */
#define KVM_EXIT_STAT_FIELDS			\
	KVM_EXIT_CLASSES(KVM_EXIT_CLASS_FIELDS)	\
	u64 guest_cycles;			\
	u64 guest_entry_tsc;

#endif /* _ASM_X86_KVM_EXIT_REASONS_H */
