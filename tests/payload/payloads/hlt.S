/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD hlt, "sleeps count times in HLT until a one-shot timer wakes it"
	STARTED
	APIC_ON
	TIMER_DIVISOR_1
	WRITE_MSR MSR_X2APIC_LVTT, $PAYLOAD_VECTOR_TIMER
	mov	PAYLOAD_INFO_COUNT(%rdi), %rbx
	TSC_TO	%r14
1:	WRITE_MSR MSR_X2APIC_TMICT, PAYLOAD_INFO_PERIOD(%rdi)
	sti
	hlt
	cli
	incq	%gs:PAYLOAD_RESULT_DONE
	dec	%rbx
	jnz	1b
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	END
PAYLOAD_END hlt
