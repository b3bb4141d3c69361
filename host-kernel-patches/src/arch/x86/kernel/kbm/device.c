// SPDX-License-Identifier: GPL-2.0
/* /dev/kata-bm: its file operations and attributes. The calls are in uapi/asm/kbm.h. */

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <asm/cpufeature.h>
#include <asm/kbm.h>
#include <asm/tsc.h>

#include "kbm.h"

static int device_open(struct inode *inode, struct file *file)
{
	struct kbm_lease *lease = kzalloc(sizeof(*lease), GFP_KERNEL_ACCOUNT);

	if (!lease)
		return -ENOMEM;
	lease->file = file;
	mutex_init(&lease->end_lock);
	mutex_init(&lease->lock);
	INIT_LIST_HEAD(&lease->extents);
	kbm_error_init(&lease->error);
	kbm_doorbells_init(&lease->doorbells, &lease->error);
	file->private_data = lease;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	kbm_lease_free(file->private_data);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct kbm_lease *lease = file->private_data;

	return kbm_error_read(&lease->error, buffer, size);
}

static long get_host_info(void __user *argument)
{
	struct kbm_host_info info = {
		.version = KBM_ABI_VERSION,
		.flags = boot_cpu_has(X86_FEATURE_TSC_DEADLINE_TIMER) ? KBM_HOST_TSC_DEADLINE : 0,
		.tsc_khz = tsc_khz,
		.lapic_timer_hz = kbm_lapic_timer_hz,
		.extent_align = KBM_EXTENT_ALIGN,
	};

	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long lend_cpu(struct kbm_lease *lease, void __user *argument)
{
	struct kbm_lend_cpu request;
	int ret;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.reserved) {
		kbm_lease_error(lease, "reserved field of struct kbm_lend_cpu is %u, must be 0",
				request.reserved);
		return -EINVAL;
	}
	ret = kbm_cpu_lend(lease, &request);
	if (ret)
		return ret;
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : 0;
}

static long lend_memory(struct kbm_lease *lease, void __user *argument)
{
	struct kbm_lend_memory request;
	int ret;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	ret = kbm_memory_lend(lease, &request);
	if (ret)
		return ret;
	return copy_to_user(argument, &request, sizeof(request)) ? -EFAULT : 0;
}

static long set_doorbell(struct kbm_lease *lease, void __user *argument)
{
	struct kbm_doorbell request;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	if (request.flags & ~KBM_DOORBELL_DEASSIGN) {
		kbm_lease_error(lease, "unknown doorbell flags 0x%x", request.flags);
		return -EINVAL;
	}
	if (request.flags & KBM_DOORBELL_DEASSIGN)
		return kbm_doorbell_deassign(&lease->doorbells, &request);
	if (request.word % sizeof(u64) || !kbm_lease_owns(lease, request.word, sizeof(u64))) {
		kbm_lease_error(
			lease, "doorbell word at 0x%llx is not 8-byte aligned memory of this lease",
			request.word);
		return -EINVAL;
	}
	return kbm_doorbell_assign(&lease->doorbells, &request);
}

static long send_doorbell(struct kbm_lease *lease, void __user *argument)
{
	u64 word;

	if (copy_from_user(&word, argument, sizeof(word)))
		return -EFAULT;
	return kbm_lease_ring(lease, word);
}

static long get_regions(void __user *argument)
{
	struct kbm_regions *answer = kzalloc(sizeof(*answer), GFP_KERNEL);
	long ret;

	if (!answer)
		return -ENOMEM;
	while (kbm_memory_region(answer->nr, &answer->regions[answer->nr]))
		answer->nr++;
	ret = copy_to_user(argument, answer, sizeof(*answer)) ? -EFAULT : 0;
	kfree(answer);
	return ret;
}

static long lease_call(struct kbm_lease *lease, unsigned int command, void __user *argument)
{
	switch (command) {
	case KBM_GET_HOST_INFO:
		return get_host_info(argument);
	case KBM_LEND_CPU:
		return lend_cpu(lease, argument);
	case KBM_LEND_MEMORY:
		return lend_memory(lease, argument);
	case KBM_DOORBELL:
		return set_doorbell(lease, argument);
	case KBM_SEND_DOORBELL:
		return send_doorbell(lease, argument);
	case KBM_GET_REGIONS:
		return get_regions(argument);
	case KBM_GRANT_ALL:
		return kbm_lease_grant_all(lease);
	default:
		return -ENOTTY;
	}
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	struct kbm_lease *lease = file->private_data;
	long ret;

	if (command == KBM_END_LEASE)
		return kbm_lease_end(lease);
	ret = kbm_lease_use(lease);
	if (ret)
		return ret;
	ret = lease_call(lease, command, (void __user *)value);
	kbm_lease_unuse(lease);
	return ret;
}

/* Of a part of a mapping, or of the place where it moves to. */
static void mapping_open(struct vm_area_struct *vma)
{
	kbm_lease_use_again(vma->vm_file->private_data);
}

static void mapping_close(struct vm_area_struct *vma)
{
	kbm_lease_unuse(vma->vm_file->private_data);
}

/*
 * Lent memory has struct pages, and user space maps these: so direct I/O and
 * vhost work on it.
 */
static vm_fault_t device_fault(struct vm_fault *fault)
{
	struct page *page = pfn_to_page(fault->pgoff);

	get_page(page);
	fault->page = page;
	return 0;
}

static const struct vm_operations_struct device_mapping_operations = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = device_fault,
};

/*
 * The VMM of the control BM does I/O to the memory of its guests. A page goes
 * out of this mapping when its lease ends; a page of nobody does not come in.
 */
static vm_fault_t granted_fault(struct vm_fault *fault)
{
	if (!kbm_memory_is_lent((u64)fault->pgoff << PAGE_SHIFT))
		return VM_FAULT_SIGBUS;
	return device_fault(fault);
}

static const struct vm_operations_struct granted_mapping_operations = {
	.open = mapping_open,
	.close = mapping_close,
	.fault = granted_fault,
};

static const struct vm_operations_struct *mapping_operations(struct kbm_lease *lease, u64 start,
							      u64 bytes)
{
	if (kbm_lease_owns(lease, start, bytes))
		return &device_mapping_operations;
	if (kbm_lease_granted(lease) && kbm_memory_set_aside(start, bytes))
		return &granted_mapping_operations;
	return NULL;
}

static int lease_map(struct kbm_lease *lease, struct vm_area_struct *vma)
{
	u64 start = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 bytes = vma->vm_end - vma->vm_start;
	const struct vm_operations_struct *operations = mapping_operations(lease, start, bytes);

	if (!(vma->vm_flags & VM_SHARED)) {
		kbm_lease_error(lease, "lent memory at 0x%llx can only be mapped with MAP_SHARED",
				start);
		return -EINVAL;
	}
	if (!operations) {
		kbm_lease_error(lease, "0x%llx bytes at 0x%llx are not in one extent of this lease",
				bytes, start);
		return -ENXIO;
	}
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	vma->vm_ops = operations;
	return 0;
}

/* The mapping uses the lease until mapping_close(). */
static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kbm_lease *lease = file->private_data;
	int ret;

	ret = kbm_lease_use(lease);
	if (ret)
		return ret;
	ret = lease_map(lease, vma);
	if (ret)
		kbm_lease_unuse(lease);
	return ret;
}

const struct file_operations kbm_device_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.unlocked_ioctl = device_ioctl,
	.mmap = device_mmap,
	.llseek = noop_llseek,
};

/* Numbers of the CPUs on loan, as a list. */
static ssize_t lent_cpus_show(struct device *device, struct device_attribute *attribute, char *buf)
{
	ssize_t length = 0;
	unsigned int number;

	for_each_possible_cpu(number) {
		if (READ_ONCE(kbm_cpus[number]))
			length += sysfs_emit_at(buf, length, "%s%u", length ? "," : "", number);
	}
	length += sysfs_emit_at(buf, length, "\n");
	return length;
}
static DEVICE_ATTR_RO(lent_cpus);

/* A line for each free or lent run: node, first address, bytes, state. */
static ssize_t memory_show(struct device *device, struct device_attribute *attribute, char *buf)
{
	return kbm_memory_show(buf);
}
static DEVICE_ATTR_RO(memory);

static struct attribute *device_attrs[] = {
	&dev_attr_lent_cpus.attr,
	&dev_attr_memory.attr,
	NULL,
};
ATTRIBUTE_GROUPS(device);

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kata-bm",
	.fops = &kbm_device_operations,
	.groups = device_groups,
	.mode = 0600,
};

static int __init kbm_init(void)
{
	int ret;

	kbm_lapic_timer_init();
	kbm_park_init();
	ret = kbm_doorbell_init();
	if (ret)
		return ret;
	ret = kbm_ipi_init();
	if (ret)
		return ret;
	ret = kbm_cpu_init();
	if (ret)
		return ret;
	ret = kbm_stop_init();
	if (ret)
		return ret;
	return misc_register(&device);
}
device_initcall(kbm_init);
