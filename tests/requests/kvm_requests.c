/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "request.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <asm/kbm.h>
#include <asm/kbm_guest.h>
#include <linux/kvm.h>

#include "cleanup.h"

static int new_vm(const struct setting *setting)
{
	return call(setting->kvm_fd, KVM_CREATE_VM, (void *)KVM_X86_DIRECT_VM);
}

static int enable(int vm_fd, int lease_fd, uint64_t mode, uint32_t flags)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DIRECT, .flags = flags,
		.args = { (uint64_t)lease_fd, mode },
	};

	return call(vm_fd, KVM_ENABLE_CAP, &cap);
}

/* Tie a new VM to something; the VM goes away again. */
static int tie(const struct setting *setting, int lease_fd, uint64_t mode, uint32_t flags)
{
	cleanup_close int vm_fd = new_vm(setting);

	return vm_fd < 0 ? vm_fd : enable(vm_fd, lease_fd, mode, flags);
}

static int tie_to_nothing(const struct setting *setting)
{
	return tie(setting, -1, KBM_MODE_WALLED, 0);
}

static int tie_to_another_file(const struct setting *setting)
{
	return tie(setting, setting->kvm_fd, KBM_MODE_WALLED, 0);
}

static int tie_unknown_mode(const struct setting *setting)
{
	return tie(setting, setting->other_lease_fd, 77, 0);
}

static int tie_unknown_flag(const struct setting *setting)
{
	return tie(setting, setting->other_lease_fd, KBM_MODE_WALLED, 1);
}

static int tie_a_lease_twice(const struct setting *setting)
{
	return tie(setting, setting->lease_fd, KBM_MODE_WALLED, 0);
}

static int tie_again(const struct setting *setting)
{
	return enable(setting->vm_fd, setting->other_lease_fd, KBM_MODE_WALLED, 0);
}

static int tie_a_stock_vm(const struct setting *setting)
{
	cleanup_close int vm_fd = call(setting->kvm_fd, KVM_CREATE_VM, NULL);

	return vm_fd < 0 ? vm_fd : enable(vm_fd, setting->other_lease_fd, KBM_MODE_WALLED, 0);
}

static int vcpu_before_lease(const struct setting *setting)
{
	cleanup_close int vm_fd = new_vm(setting);

	return vm_fd < 0 ? vm_fd : call(vm_fd, KVM_CREATE_VCPU, (void *)(uintptr_t)setting->lent_apic_id);
}

static int slot(int vm_fd, uint64_t guest, uint64_t bytes, void *memory, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = 7, .flags = flags, .guest_phys_addr = guest,
		.memory_size = bytes, .userspace_addr = (uintptr_t)memory,
	};

	return call(vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

static int slot_before_lease(const struct setting *setting)
{
	cleanup_close int vm_fd = new_vm(setting);

	if (vm_fd < 0)
		return vm_fd;
	return slot(vm_fd, setting->extent_start, setting->extent_bytes, setting->extent_memory, 0);
}

static int slot_at_0(const struct setting *setting)
{
	return slot(setting->vm_fd, 0, setting->extent_bytes, setting->extent_memory, 0);
}

static int slot_shifted(const struct setting *setting)
{
	return slot(setting->vm_fd, setting->extent_start + 4096, setting->extent_bytes - 8192,
		    setting->extent_memory, 0);
}

static int slot_too_long(const struct setting *setting)
{
	return slot(setting->vm_fd, setting->extent_start, setting->extent_bytes + (2 << 20),
		    setting->extent_memory, 0);
}

static int slot_of_own_memory(const struct setting *setting)
{
	void *memory = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	int r;

	if (memory == MAP_FAILED)
		return -errno;
	r = slot(setting->vm_fd, setting->extent_start, 2 << 20, memory, 0);
	munmap(memory, 2 << 20);
	return r;
}

static int slot_logged(const struct setting *setting)
{
	return slot(setting->vm_fd, setting->extent_start, setting->extent_bytes,
		    setting->extent_memory, KVM_MEM_LOG_DIRTY_PAGES);
}

static int vcpu_not_lent(const struct setting *setting)
{
	return call(setting->vm_fd, KVM_CREATE_VCPU, (void *)0UL);
}

static int vcpu_huge_id(const struct setting *setting)
{
	return call(setting->vm_fd, KVM_CREATE_VCPU, (void *)0xffffffffUL);
}

static int grant_too_late(const struct setting *setting)
{
	return call(setting->lease_fd, KBM_GRANT_ALL, NULL);
}

static int grant_without_right(const struct setting *setting)
{
	return call_without_right(setting->other_lease_fd, KBM_GRANT_ALL);
}

const struct request vm_requests[] = {
	{ "grant all to a VM's lease", grant_too_late, { EBUSY }, "before" },
	{ "grant all without the right", grant_without_right, { EPERM }, NULL },
	{ "tie a VM to no lease", tie_to_nothing, { EBADF, EINVAL }, NULL },
	{ "tie a VM to another file", tie_to_another_file, { EINVAL, EBADF }, NULL },
	{ "tie a VM, unknown mode", tie_unknown_mode, { EINVAL }, NULL },
	{ "tie a VM, unknown flag", tie_unknown_flag, { EINVAL }, NULL },
	{ "tie two VMs to a lease", tie_a_lease_twice, { EBUSY }, NULL },
	{ "tie a VM twice", tie_again, { EBUSY, EINVAL }, NULL },
	{ "tie a stock VM", tie_a_stock_vm, { EINVAL }, NULL },
	{ "a vCPU before the lease", vcpu_before_lease, { EINVAL, ENXIO }, NULL },
	{ "a slot before the lease", slot_before_lease, { EINVAL }, NULL },
	{ "a slot at address 0", slot_at_0, { EINVAL }, NULL },
	{ "a slot off by a page", slot_shifted, { EINVAL }, NULL },
	{ "a slot behind its extent", slot_too_long, { EINVAL }, NULL },
	{ "a slot of our own memory", slot_of_own_memory, { EINVAL }, NULL },
	{ "a slot with dirty logging", slot_logged, { EINVAL }, NULL },
	{ "a vCPU on a CPU not lent", vcpu_not_lent, { ENXIO }, NULL },
	{ "a vCPU of ID 2^32 - 1", vcpu_huge_id, { ENXIO, EINVAL }, NULL },
	{}
};

static int vcpu_twice(const struct setting *setting)
{
	return call(setting->vm_fd, KVM_CREATE_VCPU, (void *)(uintptr_t)setting->lent_apic_id);
}

/* As created: real mode. */
static int run_real_mode(const struct setting *setting)
{
	return call(setting->vcpu_fd, KVM_RUN, NULL);
}

static int inject(const struct setting *setting)
{
	struct kvm_interrupt interrupt = { .irq = 0x40 };

	return call(setting->vcpu_fd, KVM_INTERRUPT, &interrupt);
}

static int inject_nmi(const struct setting *setting)
{
	return call(setting->vcpu_fd, KVM_NMI, NULL);
}

static int send_msi(const struct setting *setting, uint32_t apic_id, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = 0xfee00000 | (apic_id & 0xff) << 12,
		.address_hi = apic_id & ~0xffU,
		.data = data,
	};

	return call(setting->vm_fd, KVM_SIGNAL_MSI, &msi);
}

static int msi_low_vector(const struct setting *setting)
{
	return send_msi(setting, setting->lent_apic_id, 8);
}

static int msi_nmi(const struct setting *setting)
{
	return send_msi(setting, setting->lent_apic_id, 4 << 8 | 0x40);
}

static int msi_to_the_host(const struct setting *setting)
{
	return send_msi(setting, 0, 0xf8);
}

static int msi_broadcast(const struct setting *setting)
{
	return send_msi(setting, 0xffffffff, 0x40);
}

const struct request vcpu_requests[] = {
	{ "a vCPU twice", vcpu_twice, { EEXIST, EBUSY }, NULL },
	{ "run in real mode", run_real_mode, { EINVAL }, NULL },
	{ "inject an interrupt", inject, { EINVAL, ENXIO, ENOTTY }, NULL },
	{ "inject an NMI", inject_nmi, { EINVAL, ENXIO, ENOTTY }, NULL },
	{ "an MSI of vector 8", msi_low_vector, { EINVAL }, NULL },
	{ "an MSI that is an NMI", msi_nmi, { EINVAL }, NULL },
	{ "an MSI to the host", msi_to_the_host, { EINVAL, ENXIO, ENODEV }, NULL },
	{ "an MSI to all", msi_broadcast, { EINVAL, ENXIO, ENODEV }, NULL },
	{}
};
