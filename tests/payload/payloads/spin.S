/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

PAYLOAD spin, "spins for ever with interrupts off", PAYLOAD_ENDLESS
	STARTED
	cli
1:	jmp	1b
PAYLOAD_END spin
