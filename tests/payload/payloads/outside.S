/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD outside, "reads the address given as argument", PAYLOAD_MAPS_ARGUMENT
	STARTED
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rax
	mov	(%rax), %rax
	mov	%rax, %gs:PAYLOAD_RESULT_VALUE
	incq	%gs:PAYLOAD_RESULT_DONE
	END
PAYLOAD_END outside
