/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Macros of the payloads. PAYLOAD() puts what follows into the VMM's table of
 * payloads; the code must not refer to anything outside itself.
 */
#include "../payload_abi.h"

#define MSR_X2APIC_EOI		0x80b
#define MSR_X2APIC_SVR		0x80f
#define MSR_X2APIC_ICR		0x830
#define MSR_X2APIC_LVTT		0x832
#define MSR_X2APIC_TMICT	0x838
#define MSR_X2APIC_TDCR		0x83e
#define MSR_X2APIC_SELF_IPI	0x83f

.macro PAYLOAD name, summary, flags=0
	.pushsection .rodata.payload_text, "a"
.Lname_\name:
	.asciz "\name"
.Lsummary_\name:
	.asciz "\summary"
	.popsection
	.pushsection payload_table, "aw"
	.balign 8
	.quad .Lname_\name, .Lsummary_\name
	.quad payload_\name, .Lend_\name - payload_\name, \flags
	.popsection
	.section .rodata.payload, "a"
	.balign 16
payload_\name:
.endm

.macro PAYLOAD_END name
.Lend_\name:
	.section .note.GNU-stack, "", @progbits
.endm

/* RAX: number, RBX and RCX: arguments. */
.macro HYPERCALL
	cmpq	$0, %gs:PAYLOAD_RESULT_VMCALL
	jne	771f
	vmmcall
	jmp	772f
771:	vmcall
772:
.endm

.macro STARTED
	movq	$PAYLOAD_STATE_RUNS, %gs:PAYLOAD_RESULT_STATE
.endm

/* Under stock KVM the hypercall is unknown and the port ends the vCPU. */
.macro END_WITH reason, detail=$0
	mov	\reason, %rbx
	mov	\detail, %rcx
	END_NOW
.endm

.macro END_NOW
	movq	$PAYLOAD_STATE_DONE, %gs:PAYLOAD_RESULT_STATE
	mov	$PAYLOAD_HYPERCALL_END, %eax
	HYPERCALL
773:	mov	%ebx, %eax
	out	%al, $PAYLOAD_END_PORT
	jmp	773b
.endm

.macro END
	END_WITH $PAYLOAD_END_SHUTDOWN
.endm

.macro LIVE
	mov	$PAYLOAD_HYPERCALL_LIVE, %eax
	HYPERCALL
.endm

/* Changes RAX, RCX, RDX. */
.macro WRITE_MSR msr, value
	mov	\value, %eax
	xor	%edx, %edx
	mov	$\msr, %ecx
	wrmsr
.endm

.macro APIC_ON
	WRITE_MSR MSR_X2APIC_SVR, $0x1ff
.endm

.macro TIMER_DIVISOR_1
	WRITE_MSR MSR_X2APIC_TDCR, $0xb
.endm

/* Fixed, physical destination; \apic_id is a 32-bit register but RAX, RCX. */
.macro SEND_IPI apic_id, vector
	mov	\apic_id, %edx
	mov	$\vector, %eax
	mov	$MSR_X2APIC_ICR, %ecx
	wrmsr
.endm

/* R15 := time stamp; changes RAX, RDX. */
.macro TSC_TO register
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, \register
.endm

/* Wait until all vCPUs came here. Changes RAX. */
.macro BARRIER
	lock incq PAYLOAD_INFO_ARRIVED(%rdi)
774:	pause
	mov	PAYLOAD_INFO_ARRIVED(%rdi), %rax
	cmp	PAYLOAD_INFO_CPUS(%rdi), %rax
	jb	774b
.endm
