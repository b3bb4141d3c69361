/* SPDX-License-Identifier: GPL-2.0 */
/* Interrupts of a parked CPU: nothing of the host's kernel may run there. */

#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/apicdef.h>
#include <asm/asm.h>
#include <asm/msr-index.h>
#include <asm/percpu.h>
#include <asm/unwind_hints.h>

.section .noinstr.text, "ax"

/* Any vector from 32 on: end it, so that it no longer blocks others. */
SYM_CODE_START(kbm_park_interrupt)
	UNWIND_HINT_IRET_REGS
	ENDBR
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movl	$(APIC_BASE_MSR + (APIC_EOI >> 4)), %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
	iretq
SYM_CODE_END(kbm_park_interrupt)

/*
 * kbm_park_wait - sleep until the state changes
 * @state (RDI):	u32 to watch.
 * @value (ESI):	what it was.
 *
 * Interrupts stay off; only an NMI wakes the CPU. One that comes after the
 * look and before the halt would be lost, so kbm_park_nmi leaves this function
 * for it.
 */
SYM_FUNC_START(kbm_park_wait)
SYM_INNER_LABEL(kbm_park_wait_begin, SYM_L_LOCAL)
	cmpl	%esi, (%rdi)
	jne	kbm_park_wait_end
	cmpb	$0, kbm_halt_all(%rip)
	jne	kbm_park_wait_end
	hlt
SYM_INNER_LABEL(kbm_park_wait_end, SYM_L_LOCAL)
	RET
SYM_FUNC_END(kbm_park_wait)

/* An NMI is noted and wakes; what it means stands in struct kbm_cpu. */
SYM_CODE_START(kbm_park_nmi)
	UNWIND_HINT_IRET_REGS
	ENDBR
	pushq	%rax
	pushq	%rcx
	movl	PER_CPU_VAR(kbm_park_nmis_sent), %eax
	movl	%eax, PER_CPU_VAR(kbm_park_nmis_seen)
	movq	16(%rsp), %rax
	leaq	kbm_park_wait_begin(%rip), %rcx
	cmpq	%rcx, %rax
	jb	1f
	leaq	kbm_park_wait_end(%rip), %rcx
	cmpq	%rcx, %rax
	jae	1f
	movq	%rcx, 16(%rsp)
1:	popq	%rcx
	popq	%rax
	iretq
SYM_CODE_END(kbm_park_nmi)
