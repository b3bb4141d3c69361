/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kata BM: what the rest of the guest kernel sees of its platform code.
 */
#ifndef _ASM_X86_KBM_PLATFORM_H
#define _ASM_X86_KBM_PLATFORM_H

#include <linux/types.h>

#ifdef CONFIG_KBM_GUEST

#include <asm/apic.h>
#include <asm/apicdef.h>
#include <asm/barrier.h>
#include <asm/kbm_guest.h>
#include <asm/msr.h>

struct hypervisor_x86;

extern const struct hypervisor_x86 x86_hyper_kbm;

/* The checked copy of the info page; NULL if this is not a direct guest. */
extern const struct kbm_info *kbm_info;

static inline bool kbm_guest(void)
{
	return kbm_info;
}

void __init kbm_early_init(void);
int __init kbm_numa_init(void);

/* Address of @pa, which lies in the device area, once memory is set up. */
void *kbm_shared(u64 pa);

/* To a CPU by its physical APIC ID: it may run another kernel. */
static inline void kbm_send_ipi(u32 apic_id, u8 vector)
{
	/* An x2APIC write is ordered after nothing; the ring store must be. */
	weak_wrmsr_fence();
	native_wrmsrl(APIC_BASE_MSR + (APIC_ICR >> 4),
		      (u64)apic_id << 32 | APIC_DM_FIXED | vector);
}

/*
 * Notify whoever published @word. It may be republished for another CPU or
 * vector while the interrupt is under way: then send to that one, too.
 */
static inline void kbm_doorbell_ring(const u64 *word)
{
	u64 sent, now = READ_ONCE(*word);

	do {
		if (!(now & KBM_DOORBELL_VALID))
			return;
		kbm_send_ipi(KBM_DOORBELL_APIC_ID(now),
			     KBM_DOORBELL_VECTOR(now));
		sent = now;
		/* The write to the ICR must not pass the second read. */
		mb();
		now = READ_ONCE(*word);
	} while (now != sent);
}

#else

static inline bool kbm_guest(void) { return false; }
static inline void kbm_early_init(void) { }

#endif

#endif /* _ASM_X86_KBM_PLATFORM_H */
