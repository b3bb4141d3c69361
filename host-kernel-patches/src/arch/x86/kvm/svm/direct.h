/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __SVM_DIRECT_H
#define __SVM_DIRECT_H

/* Direct guests on SVM: between svm.c and the direct*.c files. */

#include <linux/kvm_host.h>

#include <asm/kbm.h>
#include <asm/svm.h>

#include "../direct_count.h"

/* 0F 01 D9 */
#define SVM_VMMCALL_BYTES 3

struct vcpu_svm;

void __svm_vcpu_run(struct vcpu_svm *svm, bool spec_ctrl_intercepted);

#ifdef CONFIG_KBM
void svm_direct_setup(void);
void svm_direct_run(void *data);
void svm_direct_fill_msrpm(u32 *msrpm);
#else
static inline void svm_direct_setup(void)
{
}
#endif

/* An exit code's class, by the numbers of APM vol. 2, appendix C. */
static __always_inline enum kvm_exit_class svm_exit_class(u32 code)
{
	if (code >= SVM_EXIT_EXCP_BASE && code <= SVM_EXIT_LAST_EXCP)
		return KVM_EXIT_CLASS_exception;
	if (code < SVM_EXIT_READ_DR0 || code == SVM_EXIT_CR0_SEL_WRITE)
		return KVM_EXIT_CLASS_control_register;
	if (code < SVM_EXIT_EXCP_BASE)
		return KVM_EXIT_CLASS_debug_register;
	if (code == SVM_EXIT_INTR)
		return KVM_EXIT_CLASS_interrupt;
	if (code == SVM_EXIT_NMI)
		return KVM_EXIT_CLASS_nmi;
	if (code == SVM_EXIT_VINTR || code == SVM_EXIT_IRET)
		return KVM_EXIT_CLASS_interrupt_window;
	if (code == SVM_EXIT_CPUID)
		return KVM_EXIT_CLASS_cpuid;
	if (code == SVM_EXIT_MSR)
		return KVM_EXIT_CLASS_msr;
	if (code == SVM_EXIT_IOIO)
		return KVM_EXIT_CLASS_io;
	if (code == SVM_EXIT_HLT)
		return KVM_EXIT_CLASS_hlt;
	if (code == SVM_EXIT_VMMCALL)
		return KVM_EXIT_CLASS_hypercall;
	if (code == SVM_EXIT_NPF)
		return KVM_EXIT_CLASS_nested_fault;
	if (code == SVM_EXIT_SHUTDOWN)
		return KVM_EXIT_CLASS_shutdown;
	if (code == SVM_EXIT_XSETBV)
		return KVM_EXIT_CLASS_xsetbv;
	if (code == SVM_EXIT_PAUSE)
		return KVM_EXIT_CLASS_pause;
	if (code == SVM_EXIT_MONITOR || code == SVM_EXIT_MWAIT || code == SVM_EXIT_MWAIT_COND)
		return KVM_EXIT_CLASS_mwait;
	if (code == SVM_EXIT_INVD || code == SVM_EXIT_WBINVD)
		return KVM_EXIT_CLASS_cache;
	if (code == SVM_EXIT_INVLPG || code == SVM_EXIT_INVLPGA || code == SVM_EXIT_INVPCID)
		return KVM_EXIT_CLASS_tlb;
	if ((code >= SVM_EXIT_VMRUN && code <= SVM_EXIT_SKINIT && code != SVM_EXIT_VMMCALL))
		return KVM_EXIT_CLASS_virtualization;
	if (code == (u32)SVM_EXIT_ERR)
		return KVM_EXIT_CLASS_entry_failure;
	return KVM_EXIT_CLASS_other;
}

#endif /* __SVM_DIRECT_H */
