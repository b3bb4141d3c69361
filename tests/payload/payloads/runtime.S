/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupt entries of all payloads: one stub a vector, PAYLOAD_STUB_BYTES
 * apart, then what they share.
 */
#include "payload.h"

	.section .rodata.payload, "a"
	.globl	payload_runtime, payload_runtime_end
	.balign 16
payload_runtime:

#define EXCEPTIONS_WITH_CODE	0x60227d00	/* 8, 10-14, 17, 21, 29, 30 */

	vector = 0
	.rept 256
	.balign PAYLOAD_STUB_BYTES
	.if !(vector < 32 && (EXCEPTIONS_WITH_CODE >> (vector & 31)) & 1)
	pushq	$0
	.endif
	pushq	$vector
	jmp	common
	vector = vector + 1
	.endr

	.balign PAYLOAD_STUB_BYTES
common:
	push	%rax
	push	%rcx
	push	%rdx
	mov	24(%rsp), %rax
	incq	%gs:PAYLOAD_RESULT_VECTORS(, %rax, 8)
	cmp	$32, %rax
	jb	exception
	WRITE_MSR MSR_X2APIC_EOI, $0
out:
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$16, %rsp
	iretq

exception:
	inc	%rax
	mov	%rax, %gs:PAYLOAD_RESULT_FAULT
	mov	32(%rsp), %rax
	mov	%rax, %gs:PAYLOAD_RESULT_ERROR
	mov	40(%rsp), %rax
	mov	%rax, %gs:PAYLOAD_RESULT_RIP
	mov	%cr2, %rax
	mov	%rax, %gs:PAYLOAD_RESULT_CR2
	xor	%eax, %eax
	xchg	%rax, %gs:PAYLOAD_RESULT_FIXUP
	test	%rax, %rax
	jz	1f
	mov	%rax, 40(%rsp)
	jmp	out
1:	mov	%gs:PAYLOAD_RESULT_FAULT, %rcx
	dec	%rcx
	mov	$PAYLOAD_END_PANIC, %ebx
	END_NOW
payload_runtime_end:
	.section .note.GNU-stack, "", @progbits
