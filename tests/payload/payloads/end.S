/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD end, "ends with the argument as the reason (KBM_END_*)"
	STARTED
	mov	PAYLOAD_INFO_ARGUMENT(%rdi), %rbx
	mov	$7, %ecx
	END_NOW
PAYLOAD_END end
