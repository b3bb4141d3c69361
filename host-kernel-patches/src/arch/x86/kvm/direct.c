// SPDX-License-Identifier: GPL-2.0
/*
 * Direct guests, the part that is the same for all vendors: their VM type,
 * what it demands of vCPUs, and the way into the guest and out of it for a
 * vCPU's thread. Its memory is in direct_memory.c.
 *
 * The thread never runs the guest itself. It prepares the vCPU, hands it to
 * the vCPU's lent CPU, and sleeps until that CPU hands it back; then KVM's
 * ordinary handlers see to the exit.
 */

#include <linux/kvm_host.h>
#include <linux/slab.h>

#include <asm/kbm.h>

#include "direct.h"
#include "kvm_cache_regs.h"
#include "mmu.h"
#include "x86.h"

const struct kvm_direct_ops *kvm_direct_ops;
EXPORT_SYMBOL_GPL(kvm_direct_ops);

int kvm_direct_check_extension(void)
{
	return kvm_direct_ops ? kvm_direct_ops->modes : 0;
}

static int direct_check_mode(struct kbm_lease *lease, u64 mode)
{
	if (mode < 32 && (kvm_direct_check_extension() & BIT(mode)))
		return 0;
	kbm_lease_error(lease, "isolation mode %llu is not one of this host's (mask 0x%x)", mode,
			kvm_direct_check_extension());
	return -EINVAL;
}

static int direct_tie(struct kvm *kvm, struct kbm_lease *lease, u32 mode)
{
	struct kvm_direct *direct;
	int ret;

	if (kvm->arch.direct || kvm->created_vcpus || !kvm_memslots_empty(kvm_memslots(kvm))) {
		kbm_lease_error(
			lease,
			"the VM has a lease, vCPUs or memory slots already; tie a new VM to the lease");
		return -EBUSY;
	}
	ret = kbm_lease_attach(lease);
	if (ret)
		return ret;
	direct = kzalloc(sizeof(*direct), GFP_KERNEL_ACCOUNT);
	if (!direct) {
		kbm_lease_detach(lease);
		return -ENOMEM;
	}
	direct->lease = lease;
	direct->mode = mode;
	INIT_LIST_HEAD(&direct->tables);
	kvm->arch.direct = direct;
	return 0;
}

/**
 * kvm_direct_enable() - KVM_ENABLE_CAP(KVM_CAP_X86_DIRECT)
 * @kvm:	a VM of type KVM_X86_DIRECT_VM.
 * @cap:	args[0]: descriptor of a lease, args[1]: KBM_MODE_*.
 */
int kvm_direct_enable(struct kvm *kvm, const struct kvm_enable_cap *cap)
{
	struct kbm_lease *lease;
	int ret;

	if (!kvm_is_direct(kvm) || cap->args[0] > INT_MAX)
		return -EINVAL;
	lease = kbm_lease_get(cap->args[0]);
	if (IS_ERR(lease))
		return PTR_ERR(lease);
	ret = direct_check_mode(lease, cap->args[1]);
	if (!ret) {
		mutex_lock(&kvm->lock);
		mutex_lock(&kvm->slots_lock);
		ret = direct_tie(kvm, lease, cap->args[1]);
		mutex_unlock(&kvm->slots_lock);
		mutex_unlock(&kvm->lock);
	}
	if (ret)
		kbm_lease_put(lease);
	return ret;
}

/* All vCPUs are gone: nothing of the guest runs. */
void kvm_direct_destroy_vm(struct kvm *kvm)
{
	struct kvm_direct *direct = kvm->arch.direct;

	if (!direct)
		return;
	kvm_direct_free_tables(direct);
	kbm_lease_detach(direct->lease);
	kbm_lease_put(direct->lease);
	kfree(direct);
}

int kvm_direct_vcpu_precreate(struct kvm *kvm, unsigned int id)
{
	struct kvm_direct *direct = kvm->arch.direct;
	struct kbm_cpu *cpu;

	if (!kvm_is_direct(kvm))
		return 0;
	if (!direct)
		return -EINVAL;
	cpu = kbm_lease_cpu(direct->lease, id);
	if (!cpu) {
		kbm_lease_error(
			direct->lease,
			"no CPU with APIC ID %u is lent to this guest; lend a CPU for each vCPU",
			id);
		return -ENXIO;
	}
	return kbm_lease_check_cores(direct->lease, cpu);
}

int kvm_direct_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct kvm_direct *vm = vcpu->kvm->arch.direct;
	struct kvm_direct_vcpu *direct;

	if (!vm)
		return 0;
	direct = kzalloc(sizeof(*direct), GFP_KERNEL_ACCOUNT);
	if (!direct)
		return -ENOMEM;
	direct->cpu = kbm_lease_cpu(vm->lease, vcpu->vcpu_id);
	if (!direct->cpu) {
		kfree(direct);
		return -ENXIO;
	}
	direct->vm = vm;
	direct->fresh = true;
	vcpu->arch.direct = direct;
	/* There is neither INIT nor SIPI: application processors just run. */
	vcpu->arch.mp_state = KVM_MP_STATE_RUNNABLE;
	return 0;
}

void kvm_direct_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	kfree(vcpu->arch.direct);
}

/* The x2APIC form of an MSI: KVM_X2APIC_API_USE_32BIT_IDS in KVM's API. */
static u32 msi_apic_id(const struct kvm_kernel_irq_routing_entry *entry)
{
	return (entry->msi.address_hi & 0xffffff00) | ((entry->msi.address_lo >> 12) & 0xff);
}

/**
 * kvm_direct_send_msi() - send a real interrupt to a vCPU
 * @kvm:	the VM.
 * @entry:	an MSI; only a fixed one to a vCPU of this VM is sent.
 *
 * Works in interrupt context.
 *
 * Return: 1 (delivered) or a negative errno.
 */
int kvm_direct_send_msi(struct kvm *kvm, const struct kvm_kernel_irq_routing_entry *entry)
{
	u32 apic_id = msi_apic_id(entry);
	u32 data = entry->msi.data;

	/* Delivery mode fixed, edge. */
	if ((data & ~0xffu) || data < 32)
		return -EINVAL;
	if (!kvm_get_vcpu_by_id(kvm, apic_id))
		return -ENXIO;
	kbm_send_ipi(apic_id, data);
	return 1;
}

/* No event can be injected, and no instruction is stepped by the host. */
bool kvm_direct_allows_ioctl(const struct kvm *kvm, unsigned int ioctl)
{
	if (!kvm_is_direct(kvm))
		return true;
	switch (ioctl) {
	case KVM_INTERRUPT:
	case KVM_NMI:
	case KVM_SMI:
	case KVM_SET_GUEST_DEBUG:
	case KVM_SET_NESTED_STATE:
	case KVM_X86_SET_MCE:
		return false;
	default:
		return true;
	}
}

static int end_event(u64 reason)
{
	switch (reason) {
	case KBM_END_SHUTDOWN:
		return KVM_SYSTEM_EVENT_SHUTDOWN;
	case KBM_END_REBOOT:
		return KVM_SYSTEM_EVENT_RESET;
	default:
		return KVM_SYSTEM_EVENT_CRASH;
	}
}

static int hypercall_end(struct kvm_vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
	run->system_event.data[0] = kvm_rbx_read(vcpu);
	run->system_event.data[1] = kvm_rcx_read(vcpu);
	run->system_event.type = end_event(run->system_event.data[0]);
	run->system_event.ndata = 2;
	return 0;
}

/**
 * kvm_direct_hypercall() - a hypercall that the lent CPU did not see to
 * @vcpu: the vCPU; its instruction pointer is behind the instruction.
 *
 * Return: as kvm_x86_ops.handle_exit.
 */
int kvm_direct_hypercall(struct kvm_vcpu *vcpu)
{
	if (kvm_rax_read(vcpu) == KBM_HYPERCALL_END)
		return hypercall_end(vcpu);
	kvm_rax_write(vcpu, -EOPNOTSUPP);
	return 1;
}
EXPORT_SYMBOL_GPL(kvm_direct_hypercall);

/* The guest has touched memory that is not its own. */
int kvm_direct_memory_fault(struct kvm_vcpu *vcpu, gpa_t gpa)
{
	kvm_prepare_memory_fault_exit(vcpu, gpa & PAGE_MASK, PAGE_SIZE, false, false, false);
	return -EFAULT;
}
EXPORT_SYMBOL_GPL(kvm_direct_memory_fault);

static int direct_first_run(struct kvm *kvm)
{
	struct kvm_direct *direct = kvm->arch.direct;
	int ret = 0;

	mutex_lock(&kvm->slots_lock);
	if (!direct->ran) {
		ret = kvm_direct_ops->vm_setup(kvm);
		if (ret) {
			kvm_direct_free_tables(direct);
		} else {
			/* Pairs with the acquire in kvm_direct_enter_guest(). */
			smp_store_release(&direct->ran, true);
		}
	}
	mutex_unlock(&kvm->slots_lock);
	return ret;
}

static void direct_inject(struct kvm_vcpu *vcpu)
{
	if (!vcpu->arch.exception.pending)
		return;
	/* KVM queues faults only for a direct guest; their frame has RF set. */
	kvm_set_rflags(vcpu, kvm_get_rflags(vcpu) | X86_EFLAGS_RF);
	kvm_x86_call(inject_exception)(vcpu);
	vcpu->arch.exception.pending = false;
}

/**
 * kvm_direct_enter_guest() - vcpu_enter_guest() of a direct guest
 * @vcpu: the vCPU, loaded, SRCU held.
 *
 * Return: above 0 to enter again, 0 to return to user space with its run page
 * filled in, or a negative errno.
 */
int kvm_direct_enter_guest(struct kvm_vcpu *vcpu)
{
	struct kvm_direct_vcpu *direct = vcpu->arch.direct;
	int ret;

	if (kvm_check_request(KVM_REQ_VM_DEAD, vcpu))
		return -EIO;
	if (kvm_check_request(KVM_REQ_TRIPLE_FAULT, vcpu)) {
		vcpu->run->exit_reason = KVM_EXIT_SHUTDOWN;
		return 0;
	}
	if (!is_long_mode(vcpu) || !is_paging(vcpu)) {
		kbm_lease_error(direct->vm->lease, "vCPU %d is not in 64-bit mode with paging on",
				vcpu->vcpu_id);
		return -EINVAL;
	}
	/* Pairs with the release in direct_first_run(): the nested tables. */
	if (!smp_load_acquire(&direct->vm->ran)) {
		ret = direct_first_run(vcpu->kvm);
		if (ret)
			return ret;
	}

	direct_inject(vcpu);
	kvm_direct_ops->prepare(vcpu);

	/* The guest stays as long as it likes: no reader lock may wait for it. */
	kvm_vcpu_srcu_read_unlock(vcpu);
	ret = kbm_cpu_run(direct->cpu, kvm_direct_ops->run, vcpu);
	kvm_vcpu_srcu_read_lock(vcpu);
	if (ret)
		return ret;
	return kvm_direct_ops->complete(vcpu);
}
