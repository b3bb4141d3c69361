/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

/* 6 to 0xcf9 is a hard reset of the machine, if it gets there. */
PAYLOAD port, "writes 6 to I/O port 0xcf9 and goes on if it can"
	STARTED
	lea	1f(%rip), %rax
	mov	%rax, %gs:PAYLOAD_RESULT_FIXUP
	mov	$0xcf9, %edx
	mov	$6, %eax
	out	%al, %dx
	movq	$0, %gs:PAYLOAD_RESULT_FIXUP
1:	incq	%gs:PAYLOAD_RESULT_DONE
	END
PAYLOAD_END port
