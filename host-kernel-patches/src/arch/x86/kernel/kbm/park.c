// SPDX-License-Identifier: GPL-2.0
/*
 * What a lent CPU does while no guest is on it.
 *
 * The CPU is offline: no scheduler, no RCU, no timers, and no IPI of the host
 * reaches it, neither a TLB flush nor the one after a text patch. So this code
 * has no static branches, no tracepoints and no instrumentation, takes no
 * locks, and touches only kernel text, its stack and the direct map. It has an
 * IDT of its own, where each interrupt is ended and forgotten: what a guest
 * has left behind in the APIC must not reach the host's handlers.
 */

#include <linux/instrumentation.h>
#include <linux/kernel.h>
#include <linux/smp.h>

#include <asm/apic.h>
#include <asm/barrier.h>
#include <asm/desc.h>
#include <asm/irqflags.h>
#include <asm/kbm.h>
#include <asm/msr.h>
#include <asm/special_insns.h>
#include <asm/tlbflush.h>
#include <asm/trapnr.h>

#include "kbm.h"

bool kbm_halt_all;

/* Doorbell word by which a lent CPU says that its work is done. */
u64 kbm_done_doorbell;

/*
 * How many NMIs were sent to a lent CPU, and that count as it stood when the
 * CPU last took one. They differ while one is under way. An NMI from another
 * partition only makes the CPU look once more than it must.
 */
DEFINE_PER_CPU(u32, kbm_park_nmis_sent);
DEFINE_PER_CPU(u32, kbm_park_nmis_seen);

#define X2APIC_MSR(reg) (APIC_BASE_MSR + ((reg) >> 4))

static gate_desc kbm_park_idt[IDT_ENTRIES] __page_aligned_bss;
static struct desc_ptr kbm_park_idt_descr __ro_after_init;

static __always_inline u64 apic_get(u32 reg)
{
	return __rdmsr(X2APIC_MSR(reg));
}

static __always_inline void apic_put(u32 reg, u64 value)
{
	__wrmsr(X2APIC_MSR(reg), (u32)value, (u32)(value >> 32));
}

static __always_inline void tlb_flush_global(void)
{
	unsigned long cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	asm volatile("mov %0, %%cr4" : : "r"(cr4 ^ X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

static noinstr void lvt_mask_all(void)
{
	static const u32 lvts[] = {
		APIC_LVTT, APIC_LVT0, APIC_LVT1, APIC_LVTERR, APIC_LVTPC, APIC_LVTTHMR,
	};
	unsigned int nr = ((apic_get(APIC_LVR) >> 16) & 0xff) + 1;

	for (unsigned int i = 0; i < ARRAY_SIZE(lvts); i++) {
		/* Version register: LVTPC from 5 entries on, thermal from 6. */
		if (i >= nr)
			break;
		apic_put(lvts[i], APIC_LVT_MASKED);
	}
	/* One-shot mode and a count of 0 stop the timer. */
	apic_put(APIC_TMICT, 0);
}

static noinstr void in_service_end(void)
{
	for (int reg = 0; reg < 8; reg++) {
		u32 bits = apic_get(APIC_ISR + reg * 0x10);

		for (; bits; bits &= bits - 1)
			apic_put(APIC_EOI, 0);
	}
}

static noinstr bool requests_pending(void)
{
	u32 bits = 0;

	for (int reg = 0; reg < 8; reg++)
		bits |= apic_get(APIC_IRR + reg * 0x10);
	return bits;
}

/*
 * Bring the local APIC to rest: nothing armed, nothing in service, nothing
 * requested. Used before a guest, after it, and before the host takes the CPU
 * back.
 */
static noinstr void apic_drain(void)
{
	apic_put(APIC_SPIV, APIC_SPIV_APIC_ENABLED | SPURIOUS_APIC_VECTOR);
	lvt_mask_all();
	in_service_end();
	apic_put(APIC_TASKPRI, 0);
	/* Bounded: a partition that floods this CPU must not hold it. */
	for (int round = 0; round < 512 && requests_pending(); round++)
		asm volatile("sti; nop; nop; cli" : : : "memory");
	apic_put(APIC_ESR, 0);
}

static noinstr void park_halt(struct kbm_cpu *cpu)
{
	apic_drain();
	apic_put(APIC_SPIV, SPURIOUS_APIC_VECTOR);
	WRITE_ONCE(cpu->state, KBM_CPU_HALTED);
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}

/*
 * The word may change under us when the host moves the interrupt to another
 * CPU; an IPI that was sent to the old place after that is lost, hence the
 * second look.
 */
static noinstr void done_ring(void)
{
	u64 word, again = READ_ONCE(kbm_done_doorbell);

	do {
		word = again;
		if (!(word & KBM_DOORBELL_VALID))
			return;
		/* An x2APIC write does not wait for the stores before it. */
		asm volatile("mfence; lfence" : : : "memory");
		apic_put(APIC_ICR, (u64)KBM_DOORBELL_APIC_ID(word) << 32 | APIC_DM_FIXED |
					   KBM_DOORBELL_VECTOR(word));
		asm volatile("mfence" : : : "memory");
		again = READ_ONCE(kbm_done_doorbell);
	} while (again != word);
}

static __always_inline bool nmi_under_way(void)
{
	return READ_ONCE(*raw_cpu_ptr(&kbm_park_nmis_seen)) !=
	       READ_ONCE(*raw_cpu_ptr(&kbm_park_nmis_sent));
}

static noinstr void park_work(struct kbm_cpu *cpu)
{
	WRITE_ONCE(cpu->state, KBM_CPU_RUNNING);
	/* The NMI that brought the work must not hit the guest. */
	while (nmi_under_way() && !READ_ONCE(kbm_halt_all))
		cpu_relax();
	/* The host has changed mappings since; it could not tell this CPU. */
	tlb_flush_global();
	cpu->run(cpu->data);
	/* Pairs with the acquire in work_done(). */
	smp_store_release(&cpu->state, KBM_CPU_DONE);
	done_ring();
}

/**
 * kbm_park() - the life of a lent CPU
 * @cpu: this CPU.
 *
 * Called with interrupts off on a CPU that the host regards as dead. Ends by
 * an INIT, when the host brings the CPU online again.
 */
noinstr void kbm_park(struct kbm_cpu *cpu)
{
	native_load_idt(&kbm_park_idt_descr);
	apic_drain();
	WRITE_ONCE(cpu->state, KBM_CPU_PARKED);

	for (;;) {
		/* Pairs with the release in kbm_cpu_run(). */
		u32 state = smp_load_acquire(&cpu->state);

		if (state == KBM_CPU_STOPPING || READ_ONCE(kbm_halt_all)) {
			if (cpu->release)
				cpu->release();
			park_halt(cpu);
		}
		if (state == KBM_CPU_REQUESTED)
			park_work(cpu);
		else
			kbm_park_wait(&cpu->state, state);
	}
}

/**
 * kbm_park_nmi_send() - make a lent CPU look at its struct kbm_cpu
 * @cpu: a lent CPU, in any state. What it shall see has been written.
 *
 * A guest that runs there leaves by the intercept of NMI. At most one NMI is
 * under way: while one is, the CPU has yet to look.
 */
void kbm_park_nmi_send(struct kbm_cpu *cpu)
{
	u32 *sent = per_cpu_ptr(&kbm_park_nmis_sent, cpu->cpu);
	unsigned long flags;

	raw_spin_lock_irqsave(&cpu->nmi_lock, flags);
	/* Orders the caller's writes before the counts, for the CPU and for us. */
	smp_mb();
	if (READ_ONCE(per_cpu(kbm_park_nmis_seen, cpu->cpu)) == *sent) {
		WRITE_ONCE(*sent, *sent + 1);
		kbm_send_ipi(cpu->apic_id, NMI_VECTOR);
	}
	raw_spin_unlock_irqrestore(&cpu->nmi_lock, flags);
}

static void __init gate_set(unsigned int vector, void (*handler)(void))
{
	gate_desc *gate = &kbm_park_idt[vector];
	unsigned long address = (unsigned long)handler;

	gate->offset_low = (u16)address;
	gate->offset_middle = (u16)(address >> 16);
	gate->offset_high = (u32)(address >> 32);
	gate->segment = __KERNEL_CS;
	gate->bits.type = GATE_INTERRUPT;
	gate->bits.p = 1;
	gate->bits.dpl = 0;
	gate->reserved = 0;
}

/* Exceptions keep the host's handlers: each of them is a bug worth an oops. */
void __init kbm_park_init(void)
{
	struct desc_ptr host;

	store_idt(&host);
	memcpy(kbm_park_idt, (void *)host.address, sizeof(kbm_park_idt));
	gate_set(X86_TRAP_NMI, kbm_park_nmi);
	for (unsigned int vector = FIRST_EXTERNAL_VECTOR; vector < NR_VECTORS; vector++) {
		kbm_park_idt[vector].bits.ist = 0;
		gate_set(vector, kbm_park_interrupt);
	}
	kbm_park_idt_descr.address = (unsigned long)kbm_park_idt;
	kbm_park_idt_descr.size = sizeof(kbm_park_idt) - 1;
}
