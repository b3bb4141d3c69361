// SPDX-License-Identifier: GPL-2.0
/* Direct guests on SVM: the MSRs that they read and write without an exit. */

#include <linux/kvm_host.h>

#include <asm/msr-index.h>

#include "direct.h"
#include "svm.h"

/*
 * x2APIC registers that a guest drives itself. The LVT entries but the timer's
 * are left out: their delivery modes reach SMM, and LVTPC raises the NMI that
 * is the kick. Read and write are told apart where the hardware does.
 */
static const struct {
	u32 first, last;
	bool write;
} direct_apic_msrs[] = {
	{ 0x802, 0x803, false }, /* ID, version */
	{ 0x808, 0x808, true }, /* TPR */
	{ 0x80a, 0x80a, false }, /* PPR */
	{ 0x80b, 0x80b, true }, /* EOI */
	{ 0x80d, 0x80d, false }, /* LDR */
	{ 0x80f, 0x80f, true }, /* SVR */
	{ 0x810, 0x827, false }, /* ISR, TMR, IRR */
	{ 0x828, 0x828, true }, /* ESR */
	{ 0x830, 0x830, true }, /* ICR */
	{ 0x832, 0x832, true }, /* LVT timer */
	{ 0x838, 0x838, true }, /* initial count */
	{ 0x839, 0x839, false }, /* current count */
	{ 0x83e, 0x83f, true }, /* divisor, self IPI */
};

/* State that VMLOAD and VMSAVE switch, or that is the CPU's alone. */
static const u32 direct_msrs[] = {
	MSR_FS_BASE,
	MSR_GS_BASE,
	MSR_KERNEL_GS_BASE,
	MSR_STAR,
	MSR_LSTAR,
	MSR_CSTAR,
	MSR_SYSCALL_MASK,
	MSR_IA32_SYSENTER_CS,
	MSR_IA32_SYSENTER_ESP,
	MSR_IA32_SYSENTER_EIP,
};

static const struct {
	u32 msr;
	unsigned int feature;
	bool write;
} direct_feature_msrs[] = {
	{ MSR_IA32_TSC_DEADLINE, X86_FEATURE_TSC_DEADLINE_TIMER, true },
	{ MSR_TSC_AUX, X86_FEATURE_RDTSCP, true },
	{ MSR_IA32_XSS, X86_FEATURE_XSAVES, true },
	{ MSR_IA32_PRED_CMD, X86_FEATURE_IBPB, true },
	{ MSR_IA32_MPERF, X86_FEATURE_APERFMPERF, false },
	{ MSR_IA32_APERF, X86_FEATURE_APERFMPERF, false },
};

/* APM vol. 2, 15.11: three ranges of 8192 MSRs, two bits each. */
static void msrpm_allow(u32 *msrpm, u32 msr, bool write)
{
	static const u32 ranges[] = { 0, 0xc0000000, 0xc0010000 };

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		u32 bit = (i * 8192 + msr - ranges[i]) * 2;

		if (msr < ranges[i] || msr >= ranges[i] + 8192)
			continue;
		clear_bit(bit, (unsigned long *)msrpm);
		if (write)
			clear_bit(bit + 1, (unsigned long *)msrpm);
	}
}

/**
 * svm_direct_fill_msrpm() - say which MSRs are a direct guest's own
 * @msrpm: MSR permission map of MSRPM_SIZE bytes; a set bit exits.
 */
void svm_direct_fill_msrpm(u32 *msrpm)
{
	memset(msrpm, 0xff, MSRPM_SIZE);
	for (unsigned int i = 0; i < ARRAY_SIZE(direct_apic_msrs); i++) {
		for (u32 msr = direct_apic_msrs[i].first; msr <= direct_apic_msrs[i].last; msr++)
			msrpm_allow(msrpm, msr, direct_apic_msrs[i].write);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(direct_msrs); i++)
		msrpm_allow(msrpm, direct_msrs[i], true);
	for (unsigned int i = 0; i < ARRAY_SIZE(direct_feature_msrs); i++) {
		if (boot_cpu_has(direct_feature_msrs[i].feature))
			msrpm_allow(msrpm, direct_feature_msrs[i].msr,
				    direct_feature_msrs[i].write);
	}
	msrpm_allow(msrpm, MSR_IA32_TSC, false);
	if (boot_cpu_has(X86_FEATURE_MSR_SPEC_CTRL))
		msrpm_allow(msrpm, MSR_IA32_SPEC_CTRL, true);
}
