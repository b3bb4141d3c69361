/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kata BM: a CPU comes out of its mailbox.
 */
#include <linux/linkage.h>

#include <asm/msr-index.h>
#include <asm/nospec-branch.h>
#include <asm/page_types.h>
#include <asm/unwind_hints.h>

	.text
	.code64
/*
 * In 64-bit mode at the physical address, with the VMM's identity page tables,
 * interrupts off and no stack. Leaves for secondary_startup_64, which wants
 * the kernel's addresses and some stack.
 */
SYM_CODE_START(kbm_ap_entry)
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR
	cli
	cld

	/* Before the kernel's page tables: they use the NX bit. */
	movl	$MSR_EFER, %ecx
	rdmsr
	movl	%eax, %ebx
	orl	kbm_ap_efer(%rip), %eax
	cmpl	%eax, %ebx
	je	1f
	wrmsr
1:
	movq	kbm_ap_cr3(%rip), %rax
	movq	%rax, %cr3
	movq	$.Lvirtual, %rax
	ANNOTATE_RETPOLINE_SAFE
	jmp	*%rax

.Lvirtual:
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR
	/* Several CPUs start at a time, the stack is one. */
	lock btsl $0, kbm_ap_lock(%rip)
	jnc	2f
	pause
	jmp	.Lvirtual
2:
	leaq	kbm_ap_stack_end(%rip), %rsp
	jmp	secondary_startup_64
SYM_CODE_END(kbm_ap_entry)
SYM_CODE_START(kbm_ap_entry_end)
	UNWIND_HINT_END_OF_STACK
	ANNOTATE_NOENDBR
	int3
SYM_CODE_END(kbm_ap_entry_end)

	.data
	.balign	8
SYM_DATA(kbm_ap_efer,	.quad 0)
SYM_DATA(kbm_ap_cr3,	.quad 0)
SYM_DATA(kbm_ap_lock,	.long 0)

	.bss
	.balign	16
SYM_DATA_LOCAL(kbm_ap_stack, .space 256)
SYM_DATA_LOCAL(kbm_ap_stack_end, .space 8)
