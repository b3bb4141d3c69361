/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_INTERNAL_H
#define _KBM_INTERNAL_H

/* Between the files of this folder. */

#include <linux/list.h>
#include <linux/mutex.h>

#include <asm/kbm.h>

#define KBM_EXTENT_ALIGN	SZ_2M
#define KBM_ERROR_SIZE		192

/* A piece of memory that a lease holds. */
struct kbm_extent {
	struct list_head list;
	u64 start;
	u64 bytes;
	u32 node;
};

/**
 * struct kbm_lease - what one open file of /dev/kata-bm has lent
 * @file:	the file; the lease lives as long as it.
 * @lock:	guards all below; taken inside of kbm_cpu_lock.
 * @extents:	struct kbm_extent.
 * @doorbells:	struct kbm_doorbell_irq.
 * @attached:	a VM uses it.
 * @error:	why the last call failed.
 */
struct kbm_lease {
	struct file *file;
	struct mutex lock;
	struct list_head extents;
	struct list_head doorbells;
	bool attached;
	char error[KBM_ERROR_SIZE];
};

/* cpu.c */
extern struct kbm_cpu *kbm_cpus[NR_CPUS];
int kbm_cpu_lend(struct kbm_lease *lease, struct kbm_lend_cpu *request);
bool kbm_cpu_return_all(struct kbm_lease *lease);
int __init kbm_cpu_init(void);

/* memory.c */
int kbm_memory_lend(struct kbm_lease *lease, struct kbm_lend_memory *request);
void kbm_memory_return_all(struct kbm_lease *lease);
ssize_t kbm_memory_show(char *buf);

/* doorbell.c */
int kbm_doorbell_assign(struct kbm_lease *lease, const struct kbm_doorbell *request);
int kbm_doorbell_deassign(struct kbm_lease *lease, const struct kbm_doorbell *request);
void kbm_doorbell_deassign_all(struct kbm_lease *lease);
int __init kbm_doorbell_init(void);

/* device.c */
extern const struct file_operations kbm_device_operations;
int __init kbm_device_init(void);

/* lapic_timer.c */
extern u64 kbm_lapic_timer_hz;
void __init kbm_lapic_timer_init(void);

/* park.c */
extern u64 kbm_done_doorbell;
void kbm_park_init(void);
void kbm_park(struct kbm_cpu *cpu);
void kbm_park_nmi_send(struct kbm_cpu *cpu);

/* park_entry.S */
void kbm_park_interrupt(void);
void kbm_park_nmi(void);
void kbm_park_wait(const u32 *state, u32 value);

/* stop.c */
int __init kbm_stop_init(void);

#endif /* _KBM_INTERNAL_H */
