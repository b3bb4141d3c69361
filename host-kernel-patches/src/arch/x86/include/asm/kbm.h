/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_X86_KBM_H
#define _ASM_X86_KBM_H

/*
 * Kata BM: lending CPUs and memory to direct guests. What KVM and the rest of
 * the kernel use of it.
 */

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <uapi/asm/kbm.h>
#include <uapi/asm/kbm_guest.h>

struct kbm_lease;
struct vm_area_struct;

/* Where a lent CPU stands; see arch/x86/kernel/kbm/park.c. */
enum kbm_cpu_state {
	KBM_CPU_LEAVING,	/* still on its way out of the host's Linux */
	KBM_CPU_PARKED,		/* waits for work */
	KBM_CPU_REQUESTED,	/* work is set, the CPU was woken */
	KBM_CPU_RUNNING,	/* does the work */
	KBM_CPU_DONE,		/* finished; nobody has looked yet */
	KBM_CPU_STOPPING,	/* told to halt for good */
	KBM_CPU_HALTED,		/* waits for INIT */
};

/**
 * struct kbm_cpu - a lent CPU
 * @cpu:	its number in the host.
 * @apic_id:	its physical APIC ID.
 * @node:	its NUMA node.
 * @lease:	whose it is.
 * @state:	enum kbm_cpu_state. The host's side moves PARKED to REQUESTED,
 *		DONE to PARKED, and PARKED to STOPPING; the CPU itself all the
 *		others.
 * @kick:	the work must end; set before the NMI, read by the work with
 *		NMIs held back before it enters a guest.
 * @nmi_lock:	serializes those who send it NMIs.
 * @returning:	the host may bring it online again.
 * @run:	the work: called on the lent CPU, with interrupts off, no RCU,
 *		no locks, nothing but memory of the direct map.
 * @data:	its argument.
 * @release:	called on the lent CPU before it halts, if set: turns off what
 *		@run turned on.
 * @wait:	where the thread that gave the work sleeps.
 * @rcu:	for freeing.
 */
struct kbm_cpu {
	unsigned int cpu;
	u32 apic_id;
	u32 node;
	struct kbm_lease *lease;
	u32 state;
	bool kick;
	raw_spinlock_t nmi_lock;
	bool returning;
	void (*run)(void *data);
	void *data;
	void (*release)(void);
	wait_queue_head_t wait;
	struct rcu_head rcu;
};

/* Leases: lease.c, cpu.c */
struct kbm_lease *kbm_lease_get(int fd);
void kbm_lease_put(struct kbm_lease *lease);
int kbm_lease_attach(struct kbm_lease *lease);
void kbm_lease_detach(struct kbm_lease *lease);
struct kbm_cpu *kbm_lease_cpu(struct kbm_lease *lease, u32 apic_id);
int kbm_lease_check_cores(struct kbm_lease *lease, struct kbm_cpu *cpu);
bool kbm_lease_owns(struct kbm_lease *lease, u64 start, u64 bytes);
bool kbm_lease_maps(struct kbm_lease *lease, const struct vm_area_struct *vma);
bool kbm_lease_granted(const struct kbm_lease *lease);
__printf(2, 3) void kbm_lease_error(struct kbm_lease *lease, const char *format, ...);

/* All guests must stop and their CPUs halt: reboot, kexec or panic. */
extern bool kbm_halt_all;

/* Work on lent CPUs: cpu.c */
int kbm_cpu_run(struct kbm_cpu *cpu, void (*run)(void *data), void *data);
void kbm_cpu_kick(struct kbm_cpu *cpu);

/* Memory set aside for lending: memory.c */
bool kbm_memory_region(unsigned int index, struct kbm_region_info *ret_region);

/* Interrupts to other partitions: ipi.c */
void kbm_send_ipi(u32 apic_id, u8 vector);

#ifdef CONFIG_KBM
void __init kbm_memory_reserve(void);
#else
static inline void kbm_memory_reserve(void) { }
#endif

#endif /* _ASM_X86_KBM_H */
