/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD timer, "takes count periodic timer interrupts while it spins"
	STARTED
	APIC_ON
	TIMER_DIVISOR_1
	TSC_TO	%r14
	WRITE_MSR MSR_X2APIC_LVTT, $(1 << 17 | PAYLOAD_VECTOR_TIMER)
	WRITE_MSR MSR_X2APIC_TMICT, PAYLOAD_INFO_PERIOD(%rdi)
	mov	PAYLOAD_INFO_COUNT(%rdi), %rbx
	sti
1:	pause
	mov	%gs:PAYLOAD_RESULT_VECTORS + 8 * PAYLOAD_VECTOR_TIMER, %rax
	mov	%rax, %gs:PAYLOAD_RESULT_DONE
	cmp	%rbx, %rax
	jb	1b
	cli
	WRITE_MSR MSR_X2APIC_TMICT, $0
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	END
PAYLOAD_END timer
