/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD live, "goes live, takes timer interrupts for the given seconds, ends"
	STARTED
	APIC_ON
	TIMER_DIVISOR_1
	LIVE
	mov	%rax, %gs:PAYLOAD_RESULT_VALUE
	TSC_TO	%r14
	WRITE_MSR MSR_X2APIC_LVTT, $(1 << 17 | PAYLOAD_VECTOR_TIMER)
	WRITE_MSR MSR_X2APIC_TMICT, PAYLOAD_INFO_PERIOD(%rdi)
1:	sti
	hlt
	cli
	incq	%gs:PAYLOAD_RESULT_DONE
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	cmp	PAYLOAD_INFO_TICKS(%rdi), %r15
	jb	1b
	WRITE_MSR MSR_X2APIC_TMICT, $0
	BARRIER
	END
PAYLOAD_END live
