/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD marker, "fills its free memory with the argument"
	STARTED
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rax
	mov	PAYLOAD_INFO_BYTES(%rdi), %rcx
	mov	PAYLOAD_INFO_BASE(%rdi), %rdi
	add	$PAYLOAD_FREE, %rdi
	sub	$PAYLOAD_FREE, %rcx
	shr	$3, %rcx
	mov	%rcx, %gs:PAYLOAD_RESULT_DONE
	cld
	rep stosq
	END
PAYLOAD_END marker
