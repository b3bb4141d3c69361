/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __KVM_X86_DIRECT_H
#define __KVM_X86_DIRECT_H

/*
 * Direct guests: VMs whose vCPUs run on lent CPUs, without exits. What is the
 * same for all vendors is in direct.c; a vendor fills in kvm_direct_ops.
 */

#include <linux/kvm_host.h>

#include <asm/kbm.h>

/**
 * struct kvm_direct - a direct guest
 * @lease:	its CPUs and memory.
 * @mode:	KBM_MODE_*.
 * @ran:	a vCPU has run: the memory slots are final. Under slots_lock.
 * @ended:	the guest has ended itself: its exits do not count any more.
 * @nested_root: physical address of the identity tables; 0 in direct mode.
 * @tables:	pages of these tables.
 */
struct kvm_direct {
	struct kbm_lease *lease;
	u32 mode;
	bool ran;
	bool ended;
	u64 nested_root;
	struct list_head tables;
};

/**
 * struct kvm_direct_vcpu - a vCPU of a direct guest
 * @cpu:	the lent CPU that it has for itself.
 * @vm:		its VM.
 * @fresh:	it has not run yet: the CPU's registers are a stranger's.
 * @live:	the guest said so by hypercall on this vCPU.
 * @left:	why the lent CPU handed it back: an exit to handle, or not.
 */
struct kvm_direct_vcpu {
	struct kbm_cpu *cpu;
	struct kvm_direct *vm;
	bool fresh;
	bool live;
	enum {
		KVM_DIRECT_LEFT_EXIT,
		KVM_DIRECT_LEFT_KICK,
		KVM_DIRECT_LEFT_FAILURE,
	} left;
};

/**
 * struct kvm_direct_ops - a vendor's part
 * @modes:	mask of 1 << KBM_MODE_* that this machine can do.
 * @vm_setup:	called once before the first entry, slots are final: builds
 *		what the mode needs. 0 or a negative errno.
 * @prepare:	makes a vCPU ready to enter, on any CPU.
 * @run:	enters the guest: struct kbm_cpu.run with the vCPU as its data.
 * @complete:	handles the exit, on any CPU; returns as
 *		kvm_x86_ops.handle_exit does.
 */
struct kvm_direct_ops {
	u32 modes;
	int (*vm_setup)(struct kvm *kvm);
	void (*prepare)(struct kvm_vcpu *vcpu);
	void (*run)(void *vcpu);
	int (*complete)(struct kvm_vcpu *vcpu);
};

extern const struct kvm_direct_ops *kvm_direct_ops;

/* direct_memory.c */
int kvm_direct_map_identity(struct kvm *kvm, u64 table_flags, u64 leaf_flags);
void kvm_direct_free_tables(struct kvm_direct *direct);

/* direct.c: for the vendors */
int kvm_direct_hypercall(struct kvm_vcpu *vcpu);
int kvm_direct_memory_fault(struct kvm_vcpu *vcpu, gpa_t gpa);

/* Hooks of the common code. Each does nothing for other VMs. */
#ifdef CONFIG_KBM
int kvm_direct_enable(struct kvm *kvm, const struct kvm_enable_cap *cap);
int kvm_direct_check_extension(void);
void kvm_direct_destroy_vm(struct kvm *kvm);
int kvm_direct_vcpu_precreate(struct kvm *kvm, unsigned int id);
int kvm_direct_vcpu_create(struct kvm_vcpu *vcpu);
void kvm_direct_vcpu_destroy(struct kvm_vcpu *vcpu);
int kvm_direct_check_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
			  enum kvm_mr_change change);
int kvm_direct_send_msi(struct kvm *kvm, const struct kvm_kernel_irq_routing_entry *entry);
int kvm_direct_enter_guest(struct kvm_vcpu *vcpu);
bool kvm_direct_allows_ioctl(const struct kvm *kvm, unsigned int ioctl);
#else
static inline int kvm_direct_enable(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	return -EINVAL;
}

static inline int kvm_direct_check_extension(void)
{
	return 0;
}

static inline void kvm_direct_destroy_vm(struct kvm *kvm)
{
}

static inline int kvm_direct_vcpu_precreate(struct kvm *kvm, unsigned int id)
{
	return 0;
}

static inline int kvm_direct_vcpu_create(struct kvm_vcpu *vcpu)
{
	return 0;
}

static inline void kvm_direct_vcpu_destroy(struct kvm_vcpu *vcpu)
{
}

static inline int kvm_direct_check_slot(struct kvm *kvm, const struct kvm_memory_slot *slot,
					enum kvm_mr_change change)
{
	return 0;
}

static inline int kvm_direct_send_msi(struct kvm *kvm,
				      const struct kvm_kernel_irq_routing_entry *entry)
{
	return -ENXIO;
}

static inline int kvm_direct_enter_guest(struct kvm_vcpu *vcpu)
{
	return -EINVAL;
}

static inline bool kvm_direct_allows_ioctl(const struct kvm *kvm, unsigned int ioctl)
{
	return true;
}
#endif

static inline bool kvm_is_direct(const struct kvm *kvm)
{
	return kvm->arch.vm_type == KVM_X86_DIRECT_VM;
}

#endif /* __KVM_X86_DIRECT_H */
