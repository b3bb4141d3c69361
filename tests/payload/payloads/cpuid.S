/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD cpuid, "goes live and executes CPUID count times"
	STARTED
	LIVE
	mov	PAYLOAD_INFO_COUNT(%rdi), %r12
	TSC_TO	%r14
1:	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	incq	%gs:PAYLOAD_RESULT_DONE
	dec	%r12
	jnz	1b
	TSC_TO	%r15
	sub	%r14, %r15
	mov	%r15, %gs:PAYLOAD_RESULT_CYCLES
	END
PAYLOAD_END cpuid
