// SPDX-License-Identifier: GPL-2.0-or-later
/* Capabilities: those whose calls do not cross are not there. */
#include "ioctl_table.h"

#include <linux/kvm.h>

/* Newer than some systems' headers. */
#define CAP_USER_MEMORY2	231
#define CAP_MEMORY_ATTRIBUTES	233
#define CAP_GUEST_MEMFD		234
#define CAP_PRE_FAULT_MEMORY	236
#define CAP_X86_DIRECT		0x4b42	/* wants a lease */

/* Their calls or arguments hold addresses or descriptors without a row. */
static const uint32_t hidden[] = {
	KVM_CAP_XEN_HVM, KVM_CAP_DEVICE_CTRL, KVM_CAP_SGX_ATTRIBUTE, KVM_CAP_HYPERV_EVENTFD,
	KVM_CAP_HYPERV_ENLIGHTENED_VMCS, KVM_CAP_VM_COPY_ENC_CONTEXT_FROM,
	KVM_CAP_VM_MOVE_ENC_CONTEXT_FROM, KVM_CAP_DIRTY_LOG_RING, KVM_CAP_DIRTY_LOG_RING_ACQ_REL,
	CAP_USER_MEMORY2, CAP_MEMORY_ATTRIBUTES, CAP_GUEST_MEMFD, CAP_PRE_FAULT_MEMORY,
	CAP_X86_DIRECT,
};

/* Their arguments are plain numbers. */
static const uint32_t enabled[] = {
	KVM_CAP_SPLIT_IRQCHIP, KVM_CAP_X2APIC_API, KVM_CAP_X86_DISABLE_EXITS,
	KVM_CAP_EXCEPTION_PAYLOAD, KVM_CAP_X86_USER_SPACE_MSR, KVM_CAP_X86_BUS_LOCK_EXIT,
	KVM_CAP_MSR_PLATFORM_INFO, KVM_CAP_MAX_VCPU_ID, KVM_CAP_PMU_CAPABILITY,
	KVM_CAP_DISABLE_QUIRKS, KVM_CAP_DISABLE_QUIRKS2, KVM_CAP_EXIT_HYPERCALL,
	KVM_CAP_EXIT_ON_EMULATION_FAILURE, KVM_CAP_VM_DISABLE_NX_HUGE_PAGES,
	KVM_CAP_X86_NOTIFY_VMEXIT, KVM_CAP_X86_TRIPLE_FAULT_EVENT, KVM_CAP_HYPERV_SYNIC,
	KVM_CAP_HYPERV_SYNIC2, KVM_CAP_HYPERV_ENFORCE_CPUID, KVM_CAP_HYPERV_DIRECT_TLBFLUSH,
	KVM_CAP_ENFORCE_PV_FEATURE_CPUID, KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, KVM_CAP_HALT_POLL,
};

static int contains(const uint32_t *list, unsigned long count, uint64_t capability)
{
	for (unsigned long i = 0; i < count; i++) {
		if (list[i] == capability)
			return 1;
	}
	return 0;
}

int capability_visible(uint64_t capability)
{
	return !contains(hidden, sizeof(hidden) / sizeof(hidden[0]), capability);
}

int capability_enables(uint32_t capability)
{
	return contains(enabled, sizeof(enabled) / sizeof(enabled[0]), capability);
}
