/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD tick, "goes live and takes timer interrupts for ever", PAYLOAD_ENDLESS
	STARTED
	APIC_ON
	TIMER_DIVISOR_1
	LIVE
	WRITE_MSR MSR_X2APIC_LVTT, $(1 << 17 | PAYLOAD_VECTOR_TIMER)
	WRITE_MSR MSR_X2APIC_TMICT, PAYLOAD_INFO_PERIOD(%rdi)
	sti
1:	hlt
	incq	%gs:PAYLOAD_RESULT_DONE
	jmp	1b
PAYLOAD_END tick
