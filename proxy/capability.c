// SPDX-License-Identifier: GPL-2.0-or-later
/* Capabilities: those whose calls do not cross are not there. */
#include "ioctl_table.h"

#include "kvm_newer.h"

/*
 * Their calls or arguments hold what has no row: devices (x86 has only VFIO's),
 * descriptors of SGX and of other VMs; the last is of other architectures.
 */
static const uint32_t hidden[] = {
	KVM_CAP_DEVICE_CTRL, KVM_CAP_SGX_ATTRIBUTE, KVM_CAP_VM_COPY_ENC_CONTEXT_FROM,
	KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM, KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP,
};

/*
 * Where eventfds do not cross, others stand for those of irqfd and ioeventfd alone. The
 * capabilities of these two are not here, for sessions without either: QEMU does not
 * start without them, and can do without the calls.
 */
static const uint32_t with_eventfd[] = { KVM_CAP_HYPERV_EVENTFD };
static const uint32_t with_event[] = { KVM_CAP_IRQFD_RESAMPLE };

static const uint32_t with_dirty_ring[] = {
	KVM_CAP_DIRTY_LOG_RING, KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
};

/* What a kernel newer than the table has, the table has no calls for. */
#define NEWEST	KVM_CAP_X86_GUEST_MODE

/* Confidential guests have calls of their own, with descriptors and addresses. */
#define VM_TYPES \
	(1u << KVM_X86_DEFAULT_VM | 1u << KVM_X86_SW_PROTECTED_VM | 1u << KVM_X86_DIRECT_VM)

/* Their arguments are plain numbers, or have fields in the row. */
static const uint32_t enabled[] = {
	KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_CAP_X86_DISABLE_EXITS,
	KVM_CAP_EXCEPTION_PAYLOAD, KVM_CAP_X86_USER_SPACE_MSR, KVM_CAP_X86_BUS_LOCK_EXIT,
	KVM_CAP_MSR_PLATFORM_INFO, KVM_CAP_MAX_VCPU_ID, KVM_CAP_PMU_CAPABILITY,
	KVM_CAP_DISABLE_QUIRKS, KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_EXIT_HYPERCALL,
	KVM_CAP_EXIT_ON_EMULATION_FAILURE, KVM_CAP_VM_DISABLE_NX_HUGE_PAGES,
	KVM_CAP_X86_NOTIFY_VMEXIT, KVM_CAP_X86_TRIPLE_FAULT_EVENT, KVM_CAP_HYPERV_SYNIC,
	KVM_CAP_HYPERV_SYNIC2, KVM_CAP_HYPERV_ENFORCE_CPUID, KVM_CAP_HYPERV_DIRECT_TLBFLUSH,
	KVM_CAP_ENFORCE_PV_FEATURE_CPUID, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_HALT_POLL,
	KVM_CAP_X86_APIC_BUS_CYCLES_NS, KVM_CAP_HYPERV_ENLIGHTENED_VMCS, KVM_CAP_X86_DIRECT,
	KVM_CAP_DIRTY_LOG_RING, KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
};

static bool contains(const uint32_t *list, unsigned long count, uint64_t capability)
{
	for (unsigned long i = 0; i < count; i++) {
		if (list[i] == capability)
			return true;
	}
	return false;
}

#define CONTAINS(list, capability) \
	contains(list, sizeof(list) / sizeof((list)[0]), capability)

int capability_answer(uint64_t capability, int answer, uint32_t can)
{
	if (CONTAINS(hidden, capability) ||
	    (!(can & CAN_EVENTFDS) && CONTAINS(with_eventfd, capability)) ||
	    (!(can & (CAN_EVENTFDS | CAN_EVENTS)) && CONTAINS(with_event, capability)) ||
	    (!(can & CAN_DIRTY_RINGS) && CONTAINS(with_dirty_ring, capability)) ||
	    (capability > NEWEST && capability != KVM_CAP_X86_DIRECT))
		return 0;
	return capability == KVM_CAP_VM_TYPES ? answer & (int)VM_TYPES : answer;
}

bool capability_is_dirty_ring(uint32_t capability)
{
	return CONTAINS(with_dirty_ring, capability);
}

bool capability_enables(uint32_t capability)
{
	return CONTAINS(enabled, capability);
}
