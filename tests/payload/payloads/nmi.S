/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

/* ICR delivery mode 4. The NMI exits; the guest's own handler never runs. */
PAYLOAD nmi, "sends itself an NMI"
	STARTED
	APIC_ON
	mov	PAYLOAD_INFO_APIC_IDS(%rdi, %rsi, 8), %edx
	mov	$0x400, %eax
	mov	$MSR_X2APIC_ICR, %ecx
	wrmsr
	incq	%gs:PAYLOAD_RESULT_DONE
	END
PAYLOAD_END nmi
