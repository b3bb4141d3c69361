/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

/* vCPU 0 pings, vCPU 1 pongs, any other ends when those have ended. */
PAYLOAD ipi, "vCPU 0 and 1 send each other count IPIs in turn"
	STARTED
	APIC_ON
	sti
	mov	PAYLOAD_INFO_COUNT(%rdi), %rbx
	xor	%r12d, %r12d
	BARRIER
	TSC_TO	%r14
	cmp	$1, %rsi
	ja	end
	je	pong
ping:
	inc	%r12
	SEND_IPI PAYLOAD_INFO_APIC_IDS + 8(%rdi), PAYLOAD_VECTOR_PING
1:	pause
	cmp	%r12, %gs:PAYLOAD_RESULT_VECTORS + 8 * PAYLOAD_VECTOR_PONG
	jb	1b
	mov	%r12, %gs:PAYLOAD_RESULT_DONE
	cmp	%rbx, %r12
	jb	ping
	jmp	end
pong:
	inc	%r12
1:	pause
	cmp	%r12, %gs:PAYLOAD_RESULT_VECTORS + 8 * PAYLOAD_VECTOR_PING
	jb	1b
	SEND_IPI PAYLOAD_INFO_APIC_IDS(%rdi), PAYLOAD_VECTOR_PONG
	mov	%r12, %gs:PAYLOAD_RESULT_DONE
	cmp	%rbx, %r12
	jb	pong
end:
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	/* One END ends the guest: the last pong must have arrived. */
	lock incq PAYLOAD_INFO_ARRIVED(%rdi)
	mov	PAYLOAD_INFO_CPUS(%rdi), %rbx
	add	%rbx, %rbx
1:	pause
	cmp	%rbx, PAYLOAD_INFO_ARRIVED(%rdi)
	jb	1b
	END
PAYLOAD_END ipi
