/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD poke, "writes to the address given as argument", PAYLOAD_MAPS_ARGUMENT
	STARTED
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rax
	movq	$0, (%rax)
	incq	%gs:PAYLOAD_RESULT_DONE
	END
PAYLOAD_END poke
