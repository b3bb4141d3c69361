/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD count, "counts up for ever with interrupts off", PAYLOAD_ENDLESS
	STARTED
	cli
1:	incq	%gs:PAYLOAD_RESULT_DONE
	jmp	1b
PAYLOAD_END count
