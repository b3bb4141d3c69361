/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

/*
 * Value: how often the argument lies in the free memory, done: words that are
 * not zero there.
 */
PAYLOAD findmarker, "counts the argument, and all that is not zero, in its memory"
	STARTED
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rbx
	mov	PAYLOAD_INFO_BYTES(%rdi), %rcx
	mov	PAYLOAD_INFO_BASE(%rdi), %rdi
	add	$PAYLOAD_FREE, %rdi
	sub	$PAYLOAD_FREE, %rcx
	shr	$3, %rcx
	xor	%eax, %eax
	cld
1:	repe scasq
	je	2f
	incq	%gs:PAYLOAD_RESULT_DONE
	cmp	%rbx, -8(%rdi)
	jne	3f
	incq	%gs:PAYLOAD_RESULT_VALUE
3:	test	%rcx, %rcx
	jnz	1b
2:	END
PAYLOAD_END findmarker
