/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

/* An IDT of no entry: the first exception is a triple fault. */
PAYLOAD triple, "dies by a triple fault"
	STARTED
	pushq	$0
	pushq	$0
	lidt	(%rsp)
	int3
	END
PAYLOAD_END triple
