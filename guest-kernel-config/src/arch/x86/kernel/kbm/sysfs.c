// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: /sys/kernel/kata_bm/.
 *
 * live		write 1 when the guest has booted: from then on exits count
 * isolation	direct or walled
 * extents	the memory lent: start, bytes, node; one a line
 * version	of the info page
 */
#define pr_fmt(fmt) "kata-bm: " fmt

#include <linux/cpu.h>
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/sysfs.h>

#include "kbm.h"

static bool is_live;
static DEFINE_MUTEX(live_lock);

static void go_live_here(void *ret)
{
	long error = kbm_hypercall(KBM_HYPERCALL_LIVE, 0, 0);

	if (error)
		atomic_long_cmpxchg(ret, 0, error);
}

/* Once: the host counts from a CPU's first call on. */
static long go_live(void)
{
	atomic_long_t ret = ATOMIC_LONG_INIT(0);

	guard(mutex)(&live_lock);
	if (is_live)
		return -EALREADY;
	is_live = true;
	on_each_cpu(go_live_here, &ret, true);
	return atomic_long_read(&ret);
}

static ssize_t live_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(is_live));
}

static ssize_t live_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *text, size_t count)
{
	bool wanted;
	long ret;

	if (kstrtobool(text, &wanted) || !wanted)
		return -EINVAL;
	ret = go_live();
	return ret ?: count;
}

static ssize_t isolation_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *page)
{
	return sysfs_emit(page, "%s\n", kbm_info->mode == KBM_MODE_WALLED ?
			  "walled" : "direct");
}

static ssize_t extents_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *page)
{
	const struct kbm_info_extent *extents = kbm_info_extents();
	int at = 0;
	u32 i;

	for (i = 0; i < kbm_info->nr_extents; i++)
		at += sysfs_emit_at(page, at, "0x%llx 0x%llx %u\n",
				    extents[i].start, extents[i].bytes,
				    extents[i].node);
	return at;
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *page)
{
	return sysfs_emit(page, "%u\n", kbm_info->version);
}

static struct kobj_attribute live_attr = __ATTR_RW_MODE(live, 0600);
static struct kobj_attribute isolation_attr = __ATTR_RO(isolation);
static struct kobj_attribute extents_attr = __ATTR_RO_MODE(extents, 0400);
static struct kobj_attribute version_attr = __ATTR_RO(version);

static const struct attribute *const attrs[] = {
	&live_attr.attr,
	&isolation_attr.attr,
	&extents_attr.attr,
	&version_attr.attr,
	NULL
};

static int __init kbm_sysfs_init(void)
{
	struct kobject *dir;
	int ret;

	if (!kbm_guest())
		return 0;
	dir = kobject_create_and_add("kata_bm", kernel_kobj);
	if (!dir)
		return -ENOMEM;
	ret = sysfs_create_files(dir, attrs);
	if (ret)
		kobject_put(dir);
	return ret;
}
late_initcall(kbm_sysfs_init);
