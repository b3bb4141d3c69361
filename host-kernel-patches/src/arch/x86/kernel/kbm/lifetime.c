// SPDX-License-Identifier: GPL-2.0
/*
 * How long a lease lasts: until its file's last user goes away, or until
 * KBM_END_LEASE when nothing uses it.
 */

#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/slab.h>

#include <asm/kbm.h>

#include "kbm.h"

/**
 * kbm_lease_use() - keep a lease from being ended
 * @lease: the lease.
 *
 * For a call, a mapping or a VM, until kbm_lease_unuse().
 *
 * Return: 0, or -ENODEV if it has ended.
 */
int kbm_lease_use(struct kbm_lease *lease)
{
	if (atomic_inc_unless_negative(&lease->users))
		return 0;
	kbm_lease_error(lease, "this lease has ended; open " KBM_DEVICE_PATH " once more");
	return -ENODEV;
}

/* One user more, of a lease that has one. */
void kbm_lease_use_again(struct kbm_lease *lease)
{
	atomic_inc(&lease->users);
}

void kbm_lease_unuse(struct kbm_lease *lease)
{
	/* Pairs with the cmpxchg in lease_claim(): all that the user has done. */
	(void)atomic_dec_return_release(&lease->users);
}

/* CPUs first, they use the memory. */
static bool give_back(struct kbm_lease *lease)
{
	kbm_lease_grant_end(lease);
	kbm_doorbell_deassign_all(&lease->doorbells);
	if (!kbm_cpu_return_all(lease)) {
		pr_err("kata-bm: memory of a guest that cannot be stopped stays lent until a reboot\n");
		return false;
	}
	kbm_memory_return_all(lease);
	return true;
}

/* No new user from now on, if there is none. */
static int lease_claim(struct kbm_lease *lease)
{
	int users = atomic_cmpxchg(&lease->users, 0, KBM_LEASE_ENDED);

	if (users < 0)
		return kbm_lease_use(lease);
	if (users && READ_ONCE(lease->attached)) {
		kbm_lease_error(lease, "a VM uses this lease; close its descriptors first");
		return -EBUSY;
	}
	if (users) {
		kbm_lease_error(
			lease,
			"%d mappings and calls use this lease; unmap its memory, and end it when no other thread calls",
			users);
		return -EBUSY;
	}
	return 0;
}

/**
 * kbm_lease_end() - KBM_END_LEASE
 * @lease: the lease.
 *
 * Return: see the uapi header; the lease knows the reason.
 */
int kbm_lease_end(struct kbm_lease *lease)
{
	int ret;

	/* A copy of the descriptor is no right to it: see the uapi header. */
	if (!capable(CAP_SYS_RAWIO)) {
		kbm_lease_error(lease,
				"to end a lease wants CAP_SYS_RAWIO; close the file instead");
		return -EPERM;
	}
	/* A second caller returns when all is given back, too. */
	guard(mutex)(&lease->end_lock);
	ret = lease_claim(lease);
	if (ret)
		return ret;
	if (!give_back(lease)) {
		kbm_lease_error(
			lease,
			"a CPU of this lease does not answer; it and the memory are lost until a reboot");
		return -EIO;
	}
	return 0;
}

/* The file's last user is gone: no VM, no mapping. */
void kbm_lease_free(struct kbm_lease *lease)
{
	if (atomic_read(&lease->users) != KBM_LEASE_ENDED)
		give_back(lease);
	kfree_rcu(lease, rcu);
}
