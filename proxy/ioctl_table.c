// SPDX-License-Identifier: GPL-2.0-or-later
#include "ioctl_table.h"

#include <stdbool.h>
#include <stddef.h>

#include "kvm_newer.h"

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

/* The number does not tell that there is a structure. */
#define READS_UNTOLD(number, where, type) \
	{ .request = (number), .name = #number, .on = (where), .flags = ROW_IN, \
	  .size = sizeof(type) }

#define LIST(number, where, how, type, count, member, most) \
	{ ROW(number, where, how), .count_at = offsetof(type, count), .base = sizeof(type), \
	  .element = sizeof(((type *)0)->member[0]), .max = (most) }

#define MEMORY_FIELD(type) \
	{ .kind = FIELD_MEMORY, .offset = offsetof(type, userspace_addr), \
	  .length = offsetof(type, memory_size) }

#define EVENTFD_FIELD(type, member, does, ...) \
	{ .kind = FIELD_EVENTFD, .direction = (does), .offset = offsetof(type, member), \
	  .when = { __VA_ARGS__ } }

/* Bits of a member have a value; members have 16 bits or 32. */
#define WHEN(type, member, bits, wanted) \
	{ .at = offsetof(type, member), .mask = (bits), .value = (wanted) }

#define HOST_ADDRESS_FIELD(type, member, way, bytes, ...) \
	{ .kind = FIELD_ADDRESS, .direction = (way), .offset = offsetof(type, member), \
	  .length = (bytes), .when = { __VA_ARGS__ } }

/* What KVM uses of a page of Xen's: all of it, or an entry of one vCPU. */
#define XEN_SHARED_INFO_BYTES	4096
#define XEN_VCPU_INFO_BYTES	64

/* Where the header's union has it: kvm_xen_hvm_attr.u.shared_info.hva and so on. */
#define XEN_HVM_HVA(way) \
	HOST_ADDRESS_FIELD(struct kvm_xen_hvm_attr, u, way, XEN_SHARED_INFO_BYTES, \
		WHEN(struct kvm_xen_hvm_attr, type, 0xffff, KVM_XEN_ATTR_TYPE_SHARED_INFO_HVA))
#define XEN_VCPU_HVA(way) \
	HOST_ADDRESS_FIELD(struct kvm_xen_vcpu_attr, u, way, XEN_VCPU_INFO_BYTES, \
		WHEN(struct kvm_xen_vcpu_attr, type, 0xffff, KVM_XEN_VCPU_ATTR_TYPE_VCPU_INFO_HVA))

#define CAP_ARGUMENT	offsetof(struct kvm_enable_cap, args)

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
	{ ROW(KVM_SET_USER_MEMORY_REGION2, ON_VM, ROW_IN | ROW_SLOT),
	  .fields = { MEMORY_FIELD(struct kvm_userspace_memory_region2),
		      { .kind = FIELD_HANDLE, .length = 4, .kinds = ON_GUEST_MEMFD,
			.offset = offsetof(struct kvm_userspace_memory_region2, guest_memfd),
			.when = { WHEN(struct kvm_userspace_memory_region2, flags,
				       KVM_MEM_GUEST_MEMFD, KVM_MEM_GUEST_MEMFD) } } } },
	GIVES(KVM_CREATE_GUEST_MEMFD, ON_VM, ROW_IN, HANDLE_GUEST_MEMFD),
	READS(KVM_SET_MEMORY_ATTRIBUTES, ON_VM),
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
	  .fields = { EVENTFD_FIELD(struct kvm_irqfd, fd, FIELD_READ),
		      EVENTFD_FIELD(struct kvm_irqfd, resamplefd, FIELD_WRITTEN,
				    WHEN(struct kvm_irqfd, flags, KVM_IRQFD_FLAG_RESAMPLE,
					 KVM_IRQFD_FLAG_RESAMPLE)) } },
	{ ROW(KVM_IOEVENTFD, ON_VM, ROW_IN),
	  .fields = { EVENTFD_FIELD(struct kvm_ioeventfd, fd, FIELD_WRITTEN) } },
	{ ROW(KVM_HYPERV_EVENTFD, ON_VM, ROW_IN),
	  .fields = { EVENTFD_FIELD(struct kvm_hyperv_eventfd, fd, FIELD_WRITTEN,
				    WHEN(struct kvm_hyperv_eventfd, flags,
					 KVM_HYPERV_EVENTFD_DEASSIGN, 0)) } },
	LIST(KVM_SET_GSI_ROUTING, ON_VM, ROW_IN, struct kvm_irq_routing, nr, entries, MAX_ROUTES),
	LIST(KVM_SET_PMU_EVENT_FILTER, ON_VM, ROW_IN, struct kvm_pmu_event_filter, nevents, events,
	     MAX_EVENTS),
	{ ROW(KVM_ENABLE_CAP, ON_VM | ON_VCPU, ROW_IN | ROW_CAP_ENABLE),
	  .fields = { { .kind = FIELD_HANDLE, .offset = CAP_ARGUMENT, .length = 8,
			.kinds = ON_LEASE,
			.when = { WHEN(struct kvm_enable_cap, cap, ~0u, KVM_CAP_X86_DIRECT) } },
		      { .kind = FIELD_POINTER, .direction = FIELD_WRITTEN,
			.offset = CAP_ARGUMENT, .length = sizeof(uint16_t),
			.when = { WHEN(struct kvm_enable_cap, cap, ~0u,
				       KVM_CAP_HYPERV_ENLIGHTENED_VMCS) } } } },
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
	READS_UNTOLD(KVM_REINJECT_CONTROL, ON_VM, struct kvm_reinject_control),
	READS(KVM_REGISTER_COALESCED_MMIO, ON_VM),
	READS(KVM_UNREGISTER_COALESCED_MMIO, ON_VM),
	VALUE(KVM_SET_BOOT_CPU_ID, ON_VM),
	WRITES(KVM_GET_CLOCK, ON_VM),
	READS(KVM_SET_CLOCK, ON_VM),
	READS(KVM_SIGNAL_MSI, ON_VM),
	PLAIN(KVM_RESET_DIRTY_RINGS, ON_VM),
	VALUE(KVM_SET_TSC_KHZ, ON_VM | ON_VCPU),
	PLAIN(KVM_GET_TSC_KHZ, ON_VM | ON_VCPU),
	/* A page for hypercalls is copied by the VMM itself, which has KVM tell it. */
	{ ROW(KVM_XEN_HVM_CONFIG, ON_VM, ROW_IN),
	  .fields = { { .kind = FIELD_ZERO,
			.offset = offsetof(struct kvm_xen_hvm_config, blob_addr_32) },
		      { .kind = FIELD_ZERO,
			.offset = offsetof(struct kvm_xen_hvm_config, blob_addr_64) } } },
	{ ROW(KVM_XEN_HVM_GET_ATTR, ON_VM, ROW_IN | ROW_OUT),
	  .fields = { XEN_HVM_HVA(FIELD_WRITTEN) } },
	{ ROW(KVM_XEN_HVM_SET_ATTR, ON_VM, ROW_IN),
	  .fields = { XEN_HVM_HVA(FIELD_READ),
		      EVENTFD_FIELD(struct kvm_xen_hvm_attr, u.evtchn.deliver.eventfd.fd, FIELD_WRITTEN,
			WHEN(struct kvm_xen_hvm_attr, type, 0xffff, KVM_XEN_ATTR_TYPE_EVTCHN),
			WHEN(struct kvm_xen_hvm_attr, u.evtchn.deliver.eventfd.port, ~0u, 0),
			WHEN(struct kvm_xen_hvm_attr, u.evtchn.flags,
			     KVM_XEN_EVTCHN_DEASSIGN | KVM_XEN_EVTCHN_RESET, 0)) } },
	READS(KVM_XEN_HVM_EVTCHN_SEND, ON_VM),

	/* vCPU */
	{ ROW(KVM_XEN_VCPU_GET_ATTR, ON_VCPU, ROW_IN | ROW_OUT),
	  .fields = { XEN_VCPU_HVA(FIELD_WRITTEN) } },
	{ ROW(KVM_XEN_VCPU_SET_ATTR, ON_VCPU, ROW_IN), .fields = { XEN_VCPU_HVA(FIELD_READ) } },
	{ ROW(KVM_PRE_FAULT_MEMORY, ON_VCPU, ROW_IN | ROW_OUT | ROW_OUT_ALWAYS) },
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

	/* A lease; doorbells are the client's own. */
	WRITES(KBM_GET_HOST_INFO, ON_LEASE),
	WRITES(KBM_GET_REGIONS, ON_LEASE),
	BOTH(KBM_LEND_CPU, ON_LEASE),
	BOTH(KBM_LEND_MEMORY, ON_LEASE),
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
