// SPDX-License-Identifier: GPL-2.0
/* The exits of one vCPU by class and cause, as a table in debugfs. */

#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/seq_file.h>

#include "direct_count.h"

/* In the order of enum kvm_exit_class: both come from the one list. */
#define KVM_EXIT_CLASS_NAME(class) #class "\0"
static const char class_names[] = KVM_EXIT_CLASSES(KVM_EXIT_CLASS_NAME);
#undef KVM_EXIT_CLASS_NAME

/* A line for each class that has occurred: class, cause, all, runtime. */
static int exits_show(struct seq_file *file, void *unused)
{
	struct kvm_vcpu *vcpu = file->private;
	const char *name = class_names;

	seq_puts(file, "class cause exits runtime_exits\n");
	for (enum kvm_exit_class class = 0; class < KVM_NR_EXIT_CLASSES; class++) {
		const u64 *pair = kvm_exit_pair(vcpu, class);

		if (pair[0])
			seq_printf(file, "%s %s %llu %llu\n", name,
				   class == KVM_EXIT_CLASS_kick ? "host" : "guest", pair[0],
				   pair[1]);
		name += strlen(name) + 1;
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exits);

void kvm_exit_create_debugfs(struct kvm_vcpu *vcpu, struct dentry *folder)
{
	debugfs_create_file("exits", 0444, folder, vcpu, &exits_fops);
}
