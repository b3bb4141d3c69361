// SPDX-License-Identifier: GPL-2.0
/* Interrupts to lent CPUs, and the one with which they say that they are done. */

#include <linux/interrupt.h>

#include <asm/apic.h>
#include <asm/barrier.h>
#include <asm/kbm.h>

#include "../apic/local.h"
#include "kbm.h"

/**
 * kbm_send_ipi() - interrupt a lent CPU
 * @apic_id:	physical APIC ID.
 * @vector:	32 to 255, as the guest published it; or NMI_VECTOR.
 */
void kbm_send_ipi(u32 apic_id, u8 vector)
{
	unsigned long flags;

	local_irq_save(flags);
	weak_wrmsr_fence();
	__x2apic_send_IPI_dest(apic_id, vector, APIC_DEST_PHYSICAL);
	local_irq_restore(flags);
}
EXPORT_SYMBOL_GPL(kbm_send_ipi);

/**
 * kbm_lease_ring() - ring a doorbell of another partition
 * @lease:	who rings.
 * @word:	the doorbell's word, as user space has read it.
 *
 * Return: 0, -EINVAL for no word of a doorbell, or -ENOENT for a CPU that is
 * neither the lease's nor the control BM's.
 */
int kbm_lease_ring(struct kbm_lease *lease, u64 word)
{
	u32 apic_id = KBM_DOORBELL_APIC_ID(word);
	u8 vector = KBM_DOORBELL_VECTOR(word);

	if (word != KBM_DOORBELL_WORD(apic_id, vector) || vector < FIRST_EXTERNAL_VECTOR) {
		kbm_lease_error(lease, "0x%llx is not a doorbell word with a vector from 32 on",
				word);
		return -EINVAL;
	}
	if (!kbm_cpu_ring(lease, apic_id, vector)) {
		kbm_lease_error(
			lease,
			"APIC ID %u (doorbell word 0x%llx) is no CPU of this lease nor of the control BM; read the word again",
			apic_id, word);
		return -ENOENT;
	}
	return 0;
}

/* Some lent CPU has finished its work: wake whoever waits for it. */
static irqreturn_t done_handle(int irq, void *argument)
{
	unsigned int number;

	for_each_possible_cpu(number) {
		struct kbm_cpu *cpu = READ_ONCE(kbm_cpus[number]);

		if (cpu && READ_ONCE(cpu->state) == KBM_CPU_DONE)
			wake_up(&cpu->wait);
	}
	return IRQ_HANDLED;
}

int __init kbm_ipi_init(void)
{
	int irq = kbm_doorbell_request(&kbm_done_doorbell, done_handle, "kata-bm-exit",
				       &kbm_done_doorbell);

	return irq < 0 ? irq : 0;
}
