// SPDX-License-Identifier: GPL-2.0-or-later
#include "ioctl_table.h"

#include <stdbool.h>
#include <stddef.h>

#include <linux/kvm.h>

#ifndef KVM_GET_SREGS2
#define KVM_GET_SREGS2	_IOR(KVMIO, 0xcc, struct kvm_sregs2)
#define KVM_SET_SREGS2	_IOW(KVMIO, 0xcd, struct kvm_sregs2)
#endif

/* Largest counts that the kernel takes, or more. */
#define MAX_CPUID	256
#define MAX_MSRS	4096
#define MAX_ROUTES	4096
#define MAX_EVENTS	300
#define MAX_NESTED	65536

#define ROW(number, where, how) \
	.request = (number), .name = #number, .on = (where), .flags = (how), \
	.size = (how) & (ROW_IN | ROW_OUT) ? _IOC_SIZE(number) : 0

#define PLAIN(number, where)	{ ROW(number, where, 0) }
#define VALUE(number, where)	{ ROW(number, where, ROW_VALUE) }
#define READS(number, where)	{ ROW(number, where, ROW_IN) }
#define WRITES(number, where)	{ ROW(number, where, ROW_OUT) }
#define BOTH(number, where)	{ ROW(number, where, ROW_IN | ROW_OUT) }
#define GIVES(number, where, how, what)	{ ROW(number, where, how), .returns = (what) }

#define LIST(number, where, how, type, count, member, most) \
	{ ROW(number, where, how), .count_at = offsetof(type, count), .base = sizeof(type), \
	  .element = sizeof(((type *)0)->member[0]), .max = (most) }

#define MEMORY_FIELD(type) \
	{ .kind = FIELD_MEMORY, .offset = offsetof(type, userspace_addr), \
	  .length = offsetof(type, memory_size) }

/* x86 has no attribute that is not an u64. */
#define ATTRIBUTE(way) \
	{ .kind = FIELD_POINTER, .direction = (way), .length = (way) != 0 ? sizeof(uint64_t) : 0, \
	  .offset = offsetof(struct kvm_device_attr, addr) }

static const struct ioctl_row rows[] = {
	/* /dev/kvm */
	PLAIN(KVM_GET_API_VERSION, ON_KVM),
	PLAIN(KVM_GET_VCPU_MMAP_SIZE, ON_KVM),
	GIVES(KVM_CREATE_VM, ON_KVM, ROW_VALUE, HANDLE_VM),
	{ ROW(KVM_CHECK_EXTENSION, ON_KVM | ON_VM, ROW_VALUE | ROW_CAP_VALUE) },
	LIST(KVM_GET_MSR_INDEX_LIST, ON_KVM, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG,
	     struct kvm_msr_list, nmsrs, indices, MAX_MSRS),
	LIST(KVM_GET_MSR_FEATURE_INDEX_LIST, ON_KVM, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG,
	     struct kvm_msr_list, nmsrs, indices, MAX_MSRS),
	LIST(KVM_GET_SUPPORTED_CPUID, ON_KVM, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG,
	     struct kvm_cpuid2, nent, entries, MAX_CPUID),
	LIST(KVM_GET_EMULATED_CPUID, ON_KVM, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG,
	     struct kvm_cpuid2, nent, entries, MAX_CPUID),
	LIST(KVM_GET_SUPPORTED_HV_CPUID, ON_KVM | ON_VCPU,
	     ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG, struct kvm_cpuid2, nent, entries, MAX_CPUID),
	LIST(KVM_GET_MSRS, ON_KVM | ON_VCPU, ROW_IN | ROW_OUT, struct kvm_msrs, nmsrs, entries,
	     MAX_MSRS),
	WRITES(KVM_X86_GET_MCE_CAP_SUPPORTED, ON_KVM),
	{ ROW(KVM_GET_DEVICE_ATTR, ON_KVM | ON_VM | ON_VCPU, ROW_IN),
	  .fields = { ATTRIBUTE(FIELD_WRITTEN) } },
	{ ROW(KVM_SET_DEVICE_ATTR, ON_VM | ON_VCPU, ROW_IN), .fields = { ATTRIBUTE(FIELD_READ) } },
	{ ROW(KVM_HAS_DEVICE_ATTR, ON_KVM | ON_VM | ON_VCPU, ROW_IN),
	  .fields = { ATTRIBUTE(0) } },

	/* VM */
	GIVES(KVM_CREATE_VCPU, ON_VM, ROW_VALUE, HANDLE_VCPU),
	GIVES(KVM_GET_STATS_FD, ON_VM | ON_VCPU, 0, HANDLE_STATS),
	{ ROW(KVM_SET_USER_MEMORY_REGION, ON_VM, ROW_IN | ROW_SLOT),
	  .fields = { MEMORY_FIELD(struct kvm_userspace_memory_region) } },
	{ ROW(KVM_GET_DIRTY_LOG, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_SLOT_BITS, .direction = FIELD_WRITTEN,
			.offset = offsetof(struct kvm_dirty_log, dirty_bitmap),
			.length = offsetof(struct kvm_dirty_log, slot) } } },
	{ ROW(KVM_CLEAR_DIRTY_LOG, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_BITS, .direction = FIELD_READ,
			.offset = offsetof(struct kvm_clear_dirty_log, dirty_bitmap),
			.length = offsetof(struct kvm_clear_dirty_log, num_pages) } } },
	{ ROW(KVM_X86_SET_MSR_FILTER, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_BITS, .direction = FIELD_READ,
			.offset = offsetof(struct kvm_msr_filter, ranges[0].bitmap),
			.length = offsetof(struct kvm_msr_filter, ranges[0].nmsrs),
			.repeat = KVM_MSR_FILTER_MAX_RANGES,
			.stride = sizeof(struct kvm_msr_filter_range) } } },
	{ ROW(KVM_IRQFD, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_EVENTFD, .offset = offsetof(struct kvm_irqfd, fd),
			.always = 1 },
		      { .kind = FIELD_EVENTFD, .offset = offsetof(struct kvm_irqfd, resamplefd),
			.flags_at = offsetof(struct kvm_irqfd, flags),
			.length = KVM_IRQFD_FLAG_RESAMPLE } } },
	{ ROW(KVM_IOEVENTFD, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_EVENTFD, .offset = offsetof(struct kvm_ioeventfd, fd),
			.always = 1 } } },
	LIST(KVM_SET_GSI_ROUTING, ON_VM, ROW_IN, struct kvm_irq_routing, nr, entries, MAX_ROUTES),
	LIST(KVM_SET_PMU_EVENT_FILTER, ON_VM, ROW_IN, struct kvm_pmu_event_filter, nevents, events,
	     MAX_EVENTS),
	{ ROW(KVM_ENABLE_CAP, ON_VM | ON_VCPU, ROW_IN | ROW_CAP_ENABLE) },
	VALUE(KVM_SET_NR_MMU_PAGES, ON_VM),
	PLAIN(KVM_GET_NR_MMU_PAGES, ON_VM),
	VALUE(KVM_SET_TSS_ADDR, ON_VM),
	READS(KVM_SET_IDENTITY_MAP_ADDR, ON_VM),
	PLAIN(KVM_CREATE_IRQCHIP, ON_VM),
	READS(KVM_IRQ_LINE, ON_VM),
	BOTH(KVM_IRQ_LINE_STATUS, ON_VM),
	BOTH(KVM_GET_IRQCHIP, ON_VM),
	READS(KVM_SET_IRQCHIP, ON_VM),
	PLAIN(KVM_CREATE_PIT, ON_VM),
	READS(KVM_CREATE_PIT2, ON_VM),
	WRITES(KVM_GET_PIT, ON_VM),
	READS(KVM_SET_PIT, ON_VM),
	WRITES(KVM_GET_PIT2, ON_VM),
	READS(KVM_SET_PIT2, ON_VM),
	VALUE(KVM_REINJECT_CONTROL, ON_VM),
	READS(KVM_REGISTER_COALESCED_MMIO, ON_VM),
	READS(KVM_UNREGISTER_COALESCED_MMIO, ON_VM),
	VALUE(KVM_SET_BOOT_CPU_ID, ON_VM),
	WRITES(KVM_GET_CLOCK, ON_VM),
	READS(KVM_SET_CLOCK, ON_VM),
	READS(KVM_SIGNAL_MSI, ON_VM),
	PLAIN(KVM_RESET_DIRTY_RINGS, ON_VM),
	VALUE(KVM_SET_TSC_KHZ, ON_VM | ON_VCPU),
	PLAIN(KVM_GET_TSC_KHZ, ON_VM | ON_VCPU),

	/* vCPU */
	{ ROW(KVM_RUN, ON_VCPU, ROW_RUN) },
	LIST(KVM_SET_CPUID2, ON_VCPU, ROW_IN, struct kvm_cpuid2, nent, entries, MAX_CPUID),
	LIST(KVM_GET_CPUID2, ON_VCPU, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG, struct kvm_cpuid2,
	     nent, entries, MAX_CPUID),
	LIST(KVM_SET_CPUID, ON_VCPU, ROW_IN, struct kvm_cpuid, nent, entries, MAX_CPUID),
	LIST(KVM_SET_MSRS, ON_VCPU, ROW_IN, struct kvm_msrs, nmsrs, entries, MAX_MSRS),
	{ ROW(KVM_GET_NESTED_STATE, ON_VCPU, ROW_IN | ROW_OUT | ROW_COUNT_ON_E2BIG), .element = 1,
	  .count_at = offsetof(struct kvm_nested_state, size), .max = MAX_NESTED },
	{ ROW(KVM_SET_NESTED_STATE, ON_VCPU, ROW_IN), .element = 1,
	  .count_at = offsetof(struct kvm_nested_state, size), .max = MAX_NESTED },
	WRITES(KVM_GET_REGS, ON_VCPU),
	READS(KVM_SET_REGS, ON_VCPU),
	WRITES(KVM_GET_SREGS, ON_VCPU),
	READS(KVM_SET_SREGS, ON_VCPU),
	WRITES(KVM_GET_SREGS2, ON_VCPU),
	READS(KVM_SET_SREGS2, ON_VCPU),
	BOTH(KVM_TRANSLATE, ON_VCPU),
	READS(KVM_INTERRUPT, ON_VCPU),
	WRITES(KVM_GET_FPU, ON_VCPU),
	READS(KVM_SET_FPU, ON_VCPU),
	WRITES(KVM_GET_LAPIC, ON_VCPU),
	READS(KVM_SET_LAPIC, ON_VCPU),
	BOTH(KVM_TPR_ACCESS_REPORTING, ON_VCPU),
	READS(KVM_SET_VAPIC_ADDR, ON_VCPU),
	WRITES(KVM_GET_MP_STATE, ON_VCPU),
	READS(KVM_SET_MP_STATE, ON_VCPU),
	PLAIN(KVM_NMI, ON_VCPU),
	PLAIN(KVM_SMI, ON_VCPU),
	READS(KVM_SET_GUEST_DEBUG, ON_VCPU),
	READS(KVM_X86_SETUP_MCE, ON_VCPU),
	READS(KVM_X86_SET_MCE, ON_VCPU),
	WRITES(KVM_GET_VCPU_EVENTS, ON_VCPU),
	READS(KVM_SET_VCPU_EVENTS, ON_VCPU),
	WRITES(KVM_GET_DEBUGREGS, ON_VCPU),
	READS(KVM_SET_DEBUGREGS, ON_VCPU),
	WRITES(KVM_GET_XSAVE, ON_VCPU),
	WRITES(KVM_GET_XSAVE2, ON_VCPU),
	READS(KVM_SET_XSAVE, ON_VCPU),
	WRITES(KVM_GET_XCRS, ON_VCPU),
	READS(KVM_SET_XCRS, ON_VCPU),
	PLAIN(KVM_KVMCLOCK_CTRL, ON_VCPU),
};

#define NR_ROWS	(sizeof(rows) / sizeof(rows[0]))

const struct ioctl_row *ioctl_row_at(unsigned int index)
{
	return index < NR_ROWS ? &rows[index] : NULL;
}

const struct ioctl_row *ioctl_row(uint64_t request)
{
	for (unsigned int i = 0; i < NR_ROWS; i++) {
		if (rows[i].request == request)
			return &rows[i];
	}
	return NULL;
}
