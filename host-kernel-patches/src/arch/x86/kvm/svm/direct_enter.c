// SPDX-License-Identifier: GPL-2.0
/*
 * Direct guests on SVM: the part that runs on the lent CPU. The rules of
 * arch/x86/kernel/kbm/park.c hold here: no locks, no instrumentation, nothing
 * that is patched while the host runs, no memory outside the direct map.
 */

#include <linux/kvm_host.h>

#include <asm/debugreg.h>
#include <asm/kbm.h>
#include <asm/msr.h>
#include <asm/svm.h>

#include "../direct.h"
#include "../x86.h"
#include "direct.h"
#include "svm.h"

/* What XRSTOR makes the initial state of all from. */
static const struct {
	u8 legacy[24];
	u32 mxcsr;
	u8 rest[548];
} __aligned(64) direct_initial_fpu = { .mxcsr = MXCSR_DEFAULT };

static __always_inline u64 msr_get(u32 msr)
{
	return __rdmsr(msr);
}

static __always_inline void msr_put(u32 msr, u64 value)
{
	__wrmsr(msr, (u32)value, (u32)(value >> 32));
}

static __always_inline bool cpu_can(unsigned int feature)
{
	return test_cpu_cap(&boot_cpu_data, feature);
}

static __always_inline void xcr0_put(u64 value)
{
	asm volatile("xsetbv" : : "a"((u32)value), "d"((u32)(value >> 32)), "c"(0));
}

static noinstr void svm_direct_release(void)
{
	u64 efer = msr_get(MSR_EFER);

	if (!(efer & EFER_SVME))
		return;
	asm volatile("stgi");
	msr_put(MSR_VM_HSAVE_PA, 0);
	msr_put(MSR_EFER, efer & ~EFER_SVME);
}

/* False if somebody else's SVM is on. */
static noinstr bool enable(struct kbm_cpu *cpu)
{
	u64 efer = msr_get(MSR_EFER);

	if (cpu->release == svm_direct_release)
		return true;
	if (efer & EFER_SVME)
		return false;
	cpu->release = svm_direct_release;
	msr_put(MSR_EFER, efer | EFER_SVME);
	msr_put(MSR_VM_HSAVE_PA, per_cpu(svm_data, cpu->cpu).save_area_pa);
	/* The APIC timer's deadline compares the physical TSC. */
	if (cpu_can(X86_FEATURE_TSCRATEMSR))
		msr_put(MSR_AMD64_TSC_RATIO, SVM_TSC_RATIO_DEFAULT);
	return true;
}

/* Registers that no VMRUN switches: nothing of an earlier owner may be seen. */
static noinstr void reset_registers(void)
{
	if (cpu_can(X86_FEATURE_XSAVE)) {
		xcr0_put(kvm_host.xcr0);
		asm volatile("xrstor64 %0" : : "m"(direct_initial_fpu), "a"(-1), "d"(-1));
	} else {
		asm volatile("fxrstor64 %0" : : "m"(direct_initial_fpu));
	}
	asm volatile("mov %0, %%db0; mov %0, %%db1; mov %0, %%db2; mov %0, %%db3" : : "r"(0UL));
	if (cpu_can(X86_FEATURE_RDTSCP))
		msr_put(MSR_TSC_AUX, 0);
	if (cpu_can(X86_FEATURE_XSAVES))
		msr_put(MSR_IA32_XSS, 0);
}

static __always_inline bool must_leave(const struct kvm_direct_vcpu *direct)
{
	return READ_ONCE(direct->cpu->kick) || READ_ONCE(kbm_halt_all);
}

static __always_inline bool runtime(const struct kvm_direct_vcpu *direct)
{
	return direct->live && !READ_ONCE(direct->vm->ended);
}

/* Go-live: from here CPUID and XSETBV are the CPU's own. */
static noinstr void go_live(struct vcpu_svm *svm)
{
	struct vmcb_control_area *control = &svm->vmcb->control;

	svm->vcpu.arch.direct->live = true;
	control->intercepts[INTERCEPT_CPUID / 32] &= ~BIT(INTERCEPT_CPUID % 32);
	control->intercepts[INTERCEPT_XSETBV / 32] &= ~BIT(INTERCEPT_XSETBV % 32);
	control->clean = 0;
	svm->vmcb->save.rax = 0;
	svm->vmcb->save.rip += SVM_VMMCALL_BYTES;
}

/* Counts an exit and sees to it if it can; false: the thread must. */
static noinstr bool handle_exit(struct vcpu_svm *svm)
{
	struct kvm_direct_vcpu *direct = svm->vcpu.arch.direct;
	u32 code = svm->vmcb->control.exit_code;
	enum kvm_exit_class class = svm_exit_class(code);
	bool hypercall = code == SVM_EXIT_VMMCALL;

	if (hypercall && svm->vmcb->save.rax == KBM_HYPERCALL_END)
		WRITE_ONCE(direct->vm->ended, true);
	if (class == KVM_EXIT_CLASS_nmi && must_leave(direct)) {
		class = KVM_EXIT_CLASS_kick;
		direct->left = KVM_DIRECT_LEFT_KICK;
	}
	svm->vcpu.stat.exits++;
	kvm_count_exit(&svm->vcpu, class, runtime(direct));

	if (hypercall && svm->vmcb->save.rax == KBM_HYPERCALL_LIVE) {
		go_live(svm);
		return true;
	}
	/* Not our NMI: another partition's. The guest has no use for it. */
	return class == KVM_EXIT_CLASS_nmi;
}

/*
 * The global interrupt flag is off from the look at the kick until VMRUN turns
 * it on for the guest: an NMI in between waits, and then leaves the guest
 * before its first instruction. So no kick is lost.
 */
static noinstr bool enter_once(struct vcpu_svm *svm)
{
	struct kvm_direct_vcpu *direct = svm->vcpu.arch.direct;

	asm volatile("clgi");
	if (must_leave(direct)) {
		asm volatile("stgi");
		direct->left = KVM_DIRECT_LEFT_KICK;
		return false;
	}
	kvm_count_entry(&svm->vcpu);
	__svm_vcpu_run(svm, false);
	kvm_count_residency(&svm->vcpu);
	/* A pending NMI is taken here, and counted, before we look at the kick. */
	asm volatile("stgi");
	svm->vmcb->control.tlb_ctl = TLB_CONTROL_DO_NOTHING;
	return handle_exit(svm);
}

/**
 * svm_direct_run() - run a vCPU until it has an exit for its thread
 * @data: the struct kvm_vcpu, prepared.
 */
noinstr void svm_direct_run(void *data)
{
	struct kvm_vcpu *vcpu = data;
	struct kvm_direct_vcpu *direct = vcpu->arch.direct;

	if (!enable(direct->cpu)) {
		direct->left = KVM_DIRECT_LEFT_FAILURE;
		return;
	}
	if (direct->fresh) {
		reset_registers();
		direct->fresh = false;
	}
	if (cpu_can(X86_FEATURE_XSAVE) && !direct->live)
		xcr0_put(vcpu->arch.xcr0);

	/* __svm_vcpu_run() loads the host's FS, GS, TR and the like from there. */
	asm volatile("vmsave %0"
		     :
		     : "a"(per_cpu(svm_data, direct->cpu->cpu).save_area_pa)
		     : "memory");

	direct->left = KVM_DIRECT_LEFT_EXIT;
	while (enter_once(to_svm(vcpu)))
		;
}
