/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_INTERNAL_H
#define _KBM_INTERNAL_H

/* Between the files of this folder. */

#include <linux/atomic.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>

#include <asm/kbm.h>

#include "doorbell.h"
#include "error.h"

#define KBM_EXTENT_ALIGN	SZ_2M

/* Of struct kbm_lease.users; no number of users makes it positive. */
#define KBM_LEASE_ENDED		INT_MIN

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
 * @users:	calls under way, mappings, the VM; KBM_LEASE_ENDED: all is given
 *		back, or about to be, and nobody may use it any more.
 * @end_lock:	held by who gives all back before the file's end.
 * @lock:	guards @extents, @attached, @granted; taken inside of
 *		kbm_cpu_lock.
 * @extents:	struct kbm_extent.
 * @attached:	a VM uses it.
 * @granted:	its guest is the control BM: it reaches all memory to lend, and
 *		every lease may ring it.
 * @granted_list: of all leases with a grant, if this has one.
 * @doorbells:	of its memory.
 * @error:	why the last call failed.
 * @rcu:	for freeing: kbm_cpu_ring() may look at it.
 */
struct kbm_lease {
	struct file *file;
	atomic_t users;
	struct mutex end_lock;
	struct mutex lock;
	struct list_head extents;
	bool attached;
	bool granted;
	struct list_head granted_list;
	struct kbm_doorbells doorbells;
	struct kbm_error error;
	struct rcu_head rcu;
};

/* cpu.c */
extern struct kbm_cpu *kbm_cpus[NR_CPUS];
int kbm_cpu_lend(struct kbm_lease *lease, struct kbm_lend_cpu *request);
bool kbm_cpu_return_all(struct kbm_lease *lease);
bool kbm_cpu_ring(const struct kbm_lease *lease, u32 apic_id, u8 vector);
int __init kbm_cpu_init(void);

/* memory.c */
int kbm_memory_lend(struct kbm_lease *lease, struct kbm_lend_memory *request);
void kbm_memory_return_all(struct kbm_lease *lease);
bool kbm_memory_set_aside(u64 start, u64 bytes);
bool kbm_memory_is_lent(u64 address);
ssize_t kbm_memory_show(char *buf);

/* lease.c */
int kbm_lease_grant_all(struct kbm_lease *lease);
void kbm_lease_grant_end(struct kbm_lease *lease);
void kbm_lease_unmap(u64 start, u64 bytes);

/* lifetime.c */
int kbm_lease_use(struct kbm_lease *lease);
void kbm_lease_use_again(struct kbm_lease *lease);
void kbm_lease_unuse(struct kbm_lease *lease);
int kbm_lease_end(struct kbm_lease *lease);
void kbm_lease_free(struct kbm_lease *lease);

/* ipi.c */
int kbm_lease_ring(struct kbm_lease *lease, u64 word);
int __init kbm_ipi_init(void);

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
