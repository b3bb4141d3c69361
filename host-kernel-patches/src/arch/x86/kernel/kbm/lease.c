// SPDX-License-Identifier: GPL-2.0
/* Leases as KVM sees them. */

#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/stdarg.h>

#include <asm/kbm.h>

#include "kbm.h"

/* Leases that may map more than they hold: the control BM's VMM. */
static LIST_HEAD(granted_leases);
static DEFINE_MUTEX(granted_lock);

/**
 * kbm_lease_get() - the lease behind a file descriptor of the caller
 * @fd: of /dev/kata-bm.
 *
 * Return: the lease, kept until kbm_lease_put(), or an ERR_PTR.
 */
struct kbm_lease *kbm_lease_get(int fd)
{
	struct file *file = fget(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op != &kbm_device_operations) {
		fput(file);
		return ERR_PTR(-EINVAL);
	}
	return file->private_data;
}
EXPORT_SYMBOL_GPL(kbm_lease_get);

void kbm_lease_put(struct kbm_lease *lease)
{
	fput(lease->file);
}
EXPORT_SYMBOL_GPL(kbm_lease_put);

/**
 * kbm_lease_attach() - make a lease one VM's
 * @lease: the lease.
 *
 * Return: 0, -EBUSY if a VM has it, or -ENODEV if it has ended.
 */
int kbm_lease_attach(struct kbm_lease *lease)
{
	int ret;

	ret = kbm_lease_use(lease);
	if (ret)
		return ret;
	mutex_lock(&lease->lock);
	if (lease->attached)
		ret = -EBUSY;
	lease->attached = true;
	mutex_unlock(&lease->lock);
	if (ret) {
		kbm_lease_unuse(lease);
		kbm_lease_error(lease,
				"another VM uses this lease; open " KBM_DEVICE_PATH " once more");
	}
	return ret;
}
EXPORT_SYMBOL_GPL(kbm_lease_attach);

void kbm_lease_detach(struct kbm_lease *lease)
{
	mutex_lock(&lease->lock);
	lease->attached = false;
	mutex_unlock(&lease->lock);
	kbm_lease_unuse(lease);
}
EXPORT_SYMBOL_GPL(kbm_lease_detach);

/* Whether the lease holds all of a range, in one extent. */
bool kbm_lease_owns(struct kbm_lease *lease, u64 start, u64 bytes)
{
	struct kbm_extent *extent;
	bool found = false;

	mutex_lock(&lease->lock);
	list_for_each_entry(extent, &lease->extents, list) {
		if (start >= extent->start && bytes <= extent->bytes &&
		    start - extent->start <= extent->bytes - bytes) {
			found = true;
			break;
		}
	}
	mutex_unlock(&lease->lock);
	return found;
}
EXPORT_SYMBOL_GPL(kbm_lease_owns);

/* Whether a mapping is one of the lease's memory. */
bool kbm_lease_maps(struct kbm_lease *lease, const struct vm_area_struct *vma)
{
	return vma->vm_file == lease->file;
}
EXPORT_SYMBOL_GPL(kbm_lease_maps);

/* Whether all memory that is set aside is the lease's guest's to reach. */
bool kbm_lease_granted(const struct kbm_lease *lease)
{
	return READ_ONCE(lease->granted);
}
EXPORT_SYMBOL_GPL(kbm_lease_granted);

/**
 * kbm_lease_grant_all() - make the lease's guest the control BM
 * @lease: the lease.
 *
 * Return: 0, -EPERM, or -EBUSY: its nested tables may exist.
 */
int kbm_lease_grant_all(struct kbm_lease *lease)
{
	int ret = 0;

	if (!capable(CAP_SYS_RAWIO)) {
		kbm_lease_error(lease, "to reach all memory that is set aside wants CAP_SYS_RAWIO");
		return -EPERM;
	}
	mutex_lock(&granted_lock);
	mutex_lock(&lease->lock);
	if (lease->attached) {
		ret = -EBUSY;
	} else if (!lease->granted) {
		WRITE_ONCE(lease->granted, true);
		list_add(&lease->granted_list, &granted_leases);
	}
	mutex_unlock(&lease->lock);
	mutex_unlock(&granted_lock);
	if (ret)
		kbm_lease_error(lease,
				"a VM uses this lease; grant before KVM_CAP_X86_DIRECT is enabled");
	return ret;
}

/* Once; the lease ends. */
void kbm_lease_grant_end(struct kbm_lease *lease)
{
	mutex_lock(&granted_lock);
	if (lease->granted)
		list_del(&lease->granted_list);
	mutex_unlock(&granted_lock);
}

/**
 * kbm_lease_unmap() - take memory out of the mappings of whoever has a grant
 * @start:	physical address.
 * @bytes:	size.
 */
void kbm_lease_unmap(u64 start, u64 bytes)
{
	struct kbm_lease *lease;

	mutex_lock(&granted_lock);
	list_for_each_entry(lease, &granted_leases, granted_list)
		unmap_mapping_range(lease->file->f_mapping, start, bytes, 1);
	mutex_unlock(&granted_lock);
}

/**
 * kbm_lease_error() - note why a call fails
 * @lease:	whose call.
 * @format:	what is wrong, with which value, and what to do.
 */
void kbm_lease_error(struct kbm_lease *lease, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	kbm_error_vset(&lease->error, format, args);
	va_end(args);
}
EXPORT_SYMBOL_GPL(kbm_lease_error);
