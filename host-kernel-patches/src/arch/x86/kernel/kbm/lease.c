// SPDX-License-Identifier: GPL-2.0
/* Leases as KVM sees them. */

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/stdarg.h>

#include <asm/kbm.h>

#include "kbm.h"

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
 * Return: 0, or -EBUSY if a VM has it.
 */
int kbm_lease_attach(struct kbm_lease *lease)
{
	int ret = 0;

	mutex_lock(&lease->lock);
	if (lease->attached)
		ret = -EBUSY;
	lease->attached = true;
	mutex_unlock(&lease->lock);
	if (ret)
		kbm_lease_error(lease,
				"another VM uses this lease; open " KBM_DEVICE_PATH " once more");
	return ret;
}
EXPORT_SYMBOL_GPL(kbm_lease_attach);

void kbm_lease_detach(struct kbm_lease *lease)
{
	mutex_lock(&lease->lock);
	lease->attached = false;
	mutex_unlock(&lease->lock);
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

/**
 * kbm_lease_error() - note why a call fails
 * @lease:	whose call.
 * @format:	what is wrong, with which value, and what to do.
 */
void kbm_lease_error(struct kbm_lease *lease, const char *format, ...)
{
	char text[KBM_ERROR_SIZE];
	va_list args;

	va_start(args, format);
	vscnprintf(text, sizeof(text), format, args);
	va_end(args);

	mutex_lock(&lease->lock);
	memcpy(lease->error, text, sizeof(text));
	mutex_unlock(&lease->lock);
}
EXPORT_SYMBOL_GPL(kbm_lease_error);
