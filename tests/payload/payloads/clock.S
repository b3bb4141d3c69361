/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Value: the time stamp of the last turn; cycles: ticks in which no turn came
 * for longer than the argument, not counting turns since the VMM cleared done.
 */
#include "payload.h"

PAYLOAD clock, "spins with interrupts off and shows when it last ran", PAYLOAD_ENDLESS
	STARTED
	cli
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rbx
	TSC_TO	%r14
1:	TSC_TO	%r15
	mov	%r15, %rcx
	sub	%r14, %rcx
	mov	%r15, %r14
	cmpq	$0, %gs:PAYLOAD_RESULT_DONE
	je	2f
	cmp	%rbx, %rcx
	jbe	3f
	add	%rcx, %gs:PAYLOAD_RESULT_CYCLES
	jmp	3f
2:	movq	$1, %gs:PAYLOAD_RESULT_DONE
3:	mov	%r15, %gs:PAYLOAD_RESULT_VALUE
	jmp	1b
PAYLOAD_END clock
