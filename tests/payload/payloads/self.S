/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD self, "sends itself count IPIs"
	STARTED
	APIC_ON
	mov	PAYLOAD_INFO_COUNT(%rdi), %rbx
	xor	%r12d, %r12d
	sti
	TSC_TO	%r14
1:	inc	%r12
	WRITE_MSR MSR_X2APIC_SELF_IPI, $PAYLOAD_VECTOR_SELF
2:	pause
	cmp	%r12, %gs:PAYLOAD_RESULT_VECTORS + 8 * PAYLOAD_VECTOR_SELF
	jb	2b
	mov	%r12, %gs:PAYLOAD_RESULT_DONE
	cmp	%rbx, %r12
	jb	1b
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	END
PAYLOAD_END self
