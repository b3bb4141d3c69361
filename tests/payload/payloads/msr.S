/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD msr, "reads the MSR given as argument, then writes back what it read"
	STARTED
	lea	1f(%rip), %rax
	mov	%rax, %gs:PAYLOAD_RESULT_FIXUP
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %ecx
	rdmsr
	incq	%gs:PAYLOAD_RESULT_DONE
	mov	%eax, %gs:PAYLOAD_RESULT_VALUE
	mov	%edx, %gs:PAYLOAD_RESULT_VALUE + 4
	wrmsr
	incq	%gs:PAYLOAD_RESULT_DONE
	movq	$0, %gs:PAYLOAD_RESULT_FIXUP
1:	END
PAYLOAD_END msr
