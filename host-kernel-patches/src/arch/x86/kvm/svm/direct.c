// SPDX-License-Identifier: GPL-2.0
/* Direct guests on SVM: the part that runs in the vCPU's thread. */

#include <linux/kvm_host.h>

#include <asm/kbm.h>
#include <asm/msr-index.h>

#include "../direct.h"
#include "../mmu.h"
#include "../x86.h"
#include "direct.h"
#include "svm.h"

/* Any but the host's, which is 0: the CPU has no other guest. */
#define DIRECT_ASID 1

/* MSR permissions, the same for all direct guests. */
static u32 *direct_msrpm;

static int direct_vm_setup(struct kvm *kvm)
{
	if (kvm->arch.direct->mode != KBM_MODE_WALLED)
		return 0;
	/* Nested walks count as user accesses: APM vol. 2, 15.25.5. */
	return kvm_direct_map_identity(kvm, _PAGE_PRESENT | _PAGE_RW | _PAGE_USER,
				       _PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED |
					       _PAGE_DIRTY);
}

static void intercept(struct vmcb_control_area *control, unsigned int bit)
{
	__set_bit(bit, (unsigned long *)&control->intercepts);
}

static void prepare_intercepts(struct vmcb_control_area *control, bool live)
{
	static const u8 always[] = {
		INTERCEPT_NMI,
		INTERCEPT_SHUTDOWN,
		INTERCEPT_VMRUN,
		INTERCEPT_VMMCALL,
		INTERCEPT_VMLOAD,
		INTERCEPT_VMSAVE,
		INTERCEPT_STGI,
		INTERCEPT_CLGI,
		INTERCEPT_SKINIT,
		INTERCEPT_INVD,
		INTERCEPT_INVLPGA,
		INTERCEPT_RSM,
		INTERCEPT_MSR_PROT,
		INTERCEPT_IOIO_PROT,
		INTERCEPT_EXCEPTION_OFFSET + MC_VECTOR,
		/* Endless delivery of these two hangs a CPU: CVE-2015-5307, CVE-2015-8104. */
		INTERCEPT_EXCEPTION_OFFSET + DB_VECTOR,
		INTERCEPT_EXCEPTION_OFFSET + AC_VECTOR,
	};

	memset(control->intercepts, 0, sizeof(control->intercepts));
	for (unsigned int i = 0; i < ARRAY_SIZE(always); i++)
		intercept(control, always[i]);
	if (!live) {
		/* The vCPU's model counts until it is live, the CPU's after. */
		intercept(control, INTERCEPT_CPUID);
		intercept(control, INTERCEPT_XSETBV);
	}
}

static void direct_prepare(struct kvm_vcpu *vcpu)
{
	struct kvm_direct_vcpu *direct = vcpu->arch.direct;
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;
	struct vmcb_save_area *save = &svm->vmcb->save;

	prepare_intercepts(control, direct->live);
	control->msrpm_base_pa = __pa(direct_msrpm);
	/* Interrupts are the guest's own: no virtual ones, no masking of physical ones. */
	control->int_ctl = 0;
	control->int_state &= SVM_INTERRUPT_SHADOW_MASK;
	control->tsc_offset = 0;
	control->virt_ext = 0;
	control->asid = DIRECT_ASID;
	control->tlb_ctl = TLB_CONTROL_FLUSH_ALL_ASID;
	control->pause_filter_count = 0;
	control->nested_cr3 = direct->vm->nested_root;
	if (direct->vm->mode == KBM_MODE_WALLED)
		control->nested_ctl |= SVM_NESTED_CTL_NP_ENABLE;
	else
		control->nested_ctl &= ~SVM_NESTED_CTL_NP_ENABLE;

	save->cr2 = vcpu->arch.cr2;
	save->cr3 = vcpu->arch.cr3;
	save->rax = vcpu->arch.regs[VCPU_REGS_RAX];
	save->rsp = vcpu->arch.regs[VCPU_REGS_RSP];
	save->rip = vcpu->arch.regs[VCPU_REGS_RIP];
	vmcb_mark_all_dirty(svm->vmcb);
}

/* What the guest has done to its control registers meanwhile. */
static void sync_control_registers(struct kvm_vcpu *vcpu)
{
	struct vmcb_save_area *save = &to_svm(vcpu)->vmcb->save;
	unsigned long changed = (vcpu->arch.cr0 ^ save->cr0) | (vcpu->arch.cr4 ^ save->cr4);

	vcpu->arch.cr0 = save->cr0;
	vcpu->arch.cr2 = save->cr2;
	vcpu->arch.cr3 = save->cr3;
	vcpu->arch.cr4 = save->cr4;
	if (!changed)
		return;
	kvm_update_cpuid_runtime(vcpu);
	/* KVM walks the guest's tables to decode instructions. */
	kvm_init_mmu(vcpu);
}

static void sync_registers(struct kvm_vcpu *vcpu)
{
	struct vcpu_svm *svm = to_svm(vcpu);
	struct vmcb_control_area *control = &svm->vmcb->control;

	vcpu->arch.regs[VCPU_REGS_RAX] = svm->vmcb->save.rax;
	vcpu->arch.regs[VCPU_REGS_RSP] = svm->vmcb->save.rsp;
	vcpu->arch.regs[VCPU_REGS_RIP] = svm->vmcb->save.rip;
	vcpu->arch.regs_dirty = 0;
	vcpu->arch.regs_avail &= ~SVM_REGS_LAZY_LOAD_SET;
	svm->next_rip = 0;
	sync_control_registers(vcpu);
	/* An exit in the middle of an event's delivery: deliver it again. */
	if (control->exit_int_info & SVM_EXITINTINFO_VALID) {
		control->event_inj = control->exit_int_info;
		control->event_inj_err = control->exit_int_info_err;
	}
}

/*
 * Without nested paging the PAT is the physical CPU's: a value other than the
 * host's would give the same memory two cache types.
 */
static bool writes_foreign_pat(struct kvm_vcpu *vcpu)
{
	u64 host;

	if (vcpu->arch.direct->vm->mode != KBM_MODE_DIRECT ||
	    !to_svm(vcpu)->vmcb->control.exit_info_1 || kvm_rcx_read(vcpu) != MSR_IA32_CR_PAT)
		return false;
	rdmsrl(MSR_IA32_CR_PAT, host);
	return kvm_read_edx_eax(vcpu) != host;
}

static int machine_check(struct kvm_vcpu *vcpu)
{
	kbm_lease_error(vcpu->arch.direct->vm->lease, "machine check on CPU %u",
			vcpu->arch.direct->cpu->cpu);
	vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
	vcpu->run->internal.suberror = KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON;
	vcpu->run->internal.ndata = 1;
	vcpu->run->internal.data[0] = SVM_EXIT_EXCP_BASE + MC_VECTOR;
	return 0;
}

static int direct_complete(struct kvm_vcpu *vcpu)
{
	struct vmcb_control_area *control = &to_svm(vcpu)->vmcb->control;
	struct kvm_direct_vcpu *direct = vcpu->arch.direct;

	if (direct->left == KVM_DIRECT_LEFT_FAILURE)
		return -EIO;
	sync_registers(vcpu);
	if (direct->left == KVM_DIRECT_LEFT_KICK)
		return 1;

	switch (control->exit_code) {
	case SVM_EXIT_VMMCALL:
		kvm_rip_write(vcpu, kvm_rip_read(vcpu) + SVM_VMMCALL_BYTES);
		return kvm_direct_hypercall(vcpu);
	case SVM_EXIT_NPF:
		return kvm_direct_memory_fault(vcpu, control->exit_info_2);
	case SVM_EXIT_EXCP_BASE + MC_VECTOR:
		return machine_check(vcpu);
	case SVM_EXIT_MSR:
		if (writes_foreign_pat(vcpu)) {
			kvm_inject_gp(vcpu, 0);
			return 1;
		}
		fallthrough;
	default:
		return kvm_x86_call(handle_exit)(vcpu, EXIT_FASTPATH_NONE);
	}
}

static struct kvm_direct_ops svm_direct_ops = {
	.vm_setup = direct_vm_setup,
	.prepare = direct_prepare,
	.run = svm_direct_run,
	.complete = direct_complete,
};

/*
 * Called when KVM has set up the hardware. Without nested paging in KVM, its
 * ways to walk a guest's tables do not fit; with memory encryption, a guest
 * without the encryption bit reads ciphertext.
 */
void __init svm_direct_setup(void)
{
	if (!npt_enabled || cc_platform_has(CC_ATTR_HOST_MEM_ENCRYPT))
		return;
	direct_msrpm = svm_vcpu_alloc_msrpm();
	if (!direct_msrpm)
		return;
	svm_direct_fill_msrpm(direct_msrpm);
	svm_direct_ops.modes = BIT(KBM_MODE_DIRECT) | BIT(KBM_MODE_WALLED);
	kvm_direct_ops = &svm_direct_ops;
	kvm_caps.supported_vm_types |= BIT(KVM_X86_DIRECT_VM);
}
