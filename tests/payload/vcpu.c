/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vcpu.h"

#include <assert.h>
#include <errno.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <asm/kbm_guest.h>
#include <linux/kvm.h>

#include "cleanup.h"
#include "image.h"
#include "message.h"
#include "payload_abi.h"

static_assert(PAYLOAD_HYPERCALL_LIVE == KBM_HYPERCALL_LIVE);
static_assert(PAYLOAD_HYPERCALL_END == KBM_HYPERCALL_END);
static_assert(PAYLOAD_END_SHUTDOWN == KBM_END_SHUTDOWN);
static_assert(PAYLOAD_END_PANIC == KBM_END_PANIC);

#define CR0_BITS	0x80050033ULL	/* PG AM WP NE ET MP PE */
#define CR4_BITS	0x6a0ULL	/* OSXMMEXCPT OSFXSR PGE PAE */
#define EFER_BITS	0x501ULL	/* LMA LME SCE */
#define APIC_BASE_X2APIC	0xc00ULL

static const struct kvm_segment code_segment = {
	.limit = 0xffffffff, .selector = IMAGE_CODE_SELECTOR,
	.type = 11, .present = 1, .s = 1, .l = 1, .g = 1,
};

static const struct kvm_segment data_segment = {
	.limit = 0xffffffff, .selector = IMAGE_DATA_SELECTOR,
	.type = 3, .present = 1, .s = 1, .db = 1, .g = 1,
};

static int set_special_registers(const struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct kvm_sregs sregs;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) < 0)
		return fail(-errno, "KVM_GET_SREGS");
	sregs.cs = code_segment;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data_segment;
	sregs.gs.base = start->result;
	sregs.tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	sregs.ldt = (struct kvm_segment){ .type = 2, .unusable = 1 };
	sregs.gdt.base = start->gdt;
	sregs.gdt.limit = IMAGE_DATA_SELECTOR + 7;
	sregs.idt.base = start->idt;
	sregs.idt.limit = 256 * 16 - 1;
	sregs.cr0 = CR0_BITS;
	sregs.cr3 = start->page_tables;
	sregs.cr4 = CR4_BITS;
	sregs.efer = EFER_BITS;
	if (start->stock)
		sregs.apic_base |= APIC_BASE_X2APIC;
	if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) < 0)
		return fail(-errno, "KVM_SET_SREGS");
	return 0;
}

static int set_registers(const struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct kvm_regs regs = {
		.rip = start->entry,
		.rsp = start->stack,
		.rdi = start->info,
		.rsi = vcpu->index,
		.rflags = 2,
	};

	if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) < 0)
		return fail(-errno, "KVM_SET_REGS");
	return 0;
}

/* Under stock KVM all but the first wait for INIT otherwise. */
static int set_runnable(const struct vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state) < 0)
		return fail(-errno, "KVM_SET_MP_STATE");
	return 0;
}

static int map_run(int kvm_fd, struct vcpu *vcpu)
{
	int size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, NULL);

	if (size < 0)
		return fail(-errno, "KVM_GET_VCPU_MMAP_SIZE");
	vcpu->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED) {
		vcpu->run = NULL;
		return fail(-errno, "mmap of vCPU %u's run page", vcpu->index);
	}
	vcpu->run_size = (unsigned int)size;
	return 0;
}

int vcpu_new(int kvm_fd, int vm_fd, struct vcpu *vcpu, struct kvm_cpuid2 *cpuid,
	     const struct vcpu_start *start)
{
	int r;

	vcpu->fd = ioctl(vm_fd, KVM_CREATE_VCPU, vcpu->apic_id);
	if (vcpu->fd < 0)
		return fail(-errno, "KVM_CREATE_VCPU of APIC ID %u", vcpu->apic_id);
	r = map_run(kvm_fd, vcpu);
	if (!r && ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) < 0)
		r = fail(-errno, "KVM_SET_CPUID2");
	if (!r)
		r = set_special_registers(vcpu, start);
	if (!r)
		r = set_registers(vcpu, start);
	if (!r && start->stock)
		r = set_runnable(vcpu);
	return r;
}

void vcpu_free(struct vcpu *vcpu)
{
	if (vcpu->run)
		munmap(vcpu->run, vcpu->run_size);
	if (vcpu->fd >= 0)
		close(vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

const char *vcpu_end_name(enum vcpu_end end)
{
	static const char *const names[] = {
		[VCPU_RUNS] = "runs",
		[VCPU_STOPPED] = "stopped",
		[VCPU_SHUTDOWN] = "shutdown",
		[VCPU_REBOOT] = "reboot",
		[VCPU_PANIC] = "panic",
		[VCPU_REFUSED] = "refused",
		[VCPU_TRIPLE_FAULT] = "triple-fault",
		[VCPU_MEMORY_FAULT] = "memory-fault",
		[VCPU_ERROR] = "error",
	};

	return names[end];
}
