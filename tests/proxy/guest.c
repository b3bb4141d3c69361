// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A VM of a few instructions, made with plain KVM calls: it computes, prints by
 * a port, dirties pages, waits for a doorbell. What it prints does not depend on
 * the machine, so that two runs can be compared.
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#define MEMORY	(64 * 4096)
#define CODE	0x1000
#define PORT	0xe9
#define BELL	0xf4
#define RING	65536
#define RING_AT	(KVM_DIRTY_LOG_PAGE_OFFSET * 4096)

/* 16 bit: print 2 + 3 and what is at 0x3000, write two pages, ring, halt. */
static const uint8_t code[] = {
	0xb0, 0x02,			/* mov $2, %al */
	0x04, 0x33,			/* add $'3', %al */
	0xe6, PORT,			/* out %al, $PORT */
	0xa0, 0x00, 0x30,		/* mov 0x3000, %al */
	0xe6, PORT,			/* out %al, $PORT */
	0xc6, 0x06, 0x00, 0x50, 0x21,	/* movb $'!', 0x5000 */
	0xc6, 0x06, 0x00, 0x90, 0x0a,	/* movb $'\n', 0x9000 */
	0xe6, BELL,			/* out %al, $BELL */
	0xf4,				/* hlt */
};

static int kvm, vm, vcpu, bell;
static struct kvm_run *run;
static uint8_t *memory;

static int must(int r, const char *what)
{
	if (r < 0)
		err(EXIT_FAILURE, "%s", what);
	return r;
}

#define CALL(fd, request, argument)	must(ioctl(fd, request, argument), #request)

static void enable_ring(void)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_DIRTY_LOG_RING, .args = { RING } };

	CALL(vm, KVM_ENABLE_CAP, &cap);
}

/* With @ring its vCPUs have rings of dirtied pages, and slots no bitmap. */
static void make_vm(int ring)
{
	struct kvm_userspace_memory_region region = {
		.flags = KVM_MEM_LOG_DIRTY_PAGES, .memory_size = MEMORY,
	};
	struct kvm_ioeventfd doorbell = {
		.addr = BELL, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO,
	};

	kvm = must(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	printf("api %d\n", CALL(kvm, KVM_GET_API_VERSION, 0));
	vm = CALL(kvm, KVM_CREATE_VM, 0);
	if (ring)
		enable_ring();
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		err(EXIT_FAILURE, "memory");
	memcpy(memory + CODE, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	/* After the slot is there: both sides see the same memory. */
	memory[0x3000] = '?';
	bell = doorbell.fd = must(eventfd(0, EFD_NONBLOCK), "eventfd");
	CALL(vm, KVM_IOEVENTFD, &doorbell);
}

static void make_vcpu(void)
{
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_sregs sregs;
	int size = CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

	vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(EXIT_FAILURE, "run page");
	CALL(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	CALL(vcpu, KVM_SET_SREGS, &sregs);
	CALL(vcpu, KVM_SET_REGS, &regs);
}

static void run_vm(void)
{
	for (;;) {
		CALL(vcpu, KVM_RUN, 0);
		if (run->exit_reason != KVM_EXIT_IO)
			break;
		printf("port 0x%x: %c\n", run->io.port, ((char *)run)[run->io.data_offset]);
	}
	printf("exit %u\n", run->exit_reason);
}

static void show_result(void)
{
	uint64_t dirty = 0, rings = 0;
	struct kvm_dirty_log log = { .dirty_bitmap = &dirty };
	struct kvm_regs regs;

	CALL(vcpu, KVM_GET_REGS, &regs);
	printf("rip 0x%llx al 0x%llx\n", regs.rip, regs.rax & 0xff);
	CALL(vm, KVM_GET_DIRTY_LOG, &log);
	printf("dirty 0x%llx\n", (unsigned long long)dirty & ~0x2ULL);
	if (read(bell, &rings, sizeof(rings)) < 0)
		warn("no doorbell");
	printf("rings %llu memory %c\n", (unsigned long long)rings, memory[0x5000]);
}

static void show_errors(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = 1 };
	struct {
		struct kvm_cpuid2 header;
		struct kvm_cpuid_entry2 entry;
	} cpuid = { .header.nent = 1 };

	printf("unaligned %d", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
	printf(" short list %d", ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid));
	printf(" unknown %d (%m)\n", ioctl(vm, _IO(KVMIO, 0x7f), 0));
}

/* Calls whose numbers do not tell how much they read. */
static void show_timer(void)
{
	struct kvm_reinject_control control = { .pit_reinject = 0 };
	struct kvm_pit_config config = { 0 };
	int other = CALL(kvm, KVM_CREATE_VM, 0);

	printf("without a timer %d (%m)", ioctl(other, KVM_REINJECT_CONTROL, &control));
	CALL(other, KVM_CREATE_IRQCHIP, 0);
	CALL(other, KVM_CREATE_PIT2, &config);
	CALL(other, KVM_REINJECT_CONTROL, &control);
	printf(" of nothing %d (%m)\n", ioctl(other, KVM_REINJECT_CONTROL, NULL));
	close(other);
}

/* The first page is the code's: some kernels say that it is written, too. */
static unsigned int show_ring(struct kvm_dirty_gfn *ring, unsigned int next)
{
	unsigned int first = next;
	uint64_t dirty = 0;

	for (; ring[next].flags & KVM_DIRTY_GFN_F_DIRTY; next++) {
		dirty |= 1ULL << ring[next].offset;
		ring[next].flags = KVM_DIRTY_GFN_F_RESET;
	}
	if (next == first)
		errx(EXIT_FAILURE, "nothing in the ring");
	/* KVM takes entries back in order, up to one that is not done with. */
	ring[next - 1].flags = KVM_DIRTY_GFN_F_DIRTY;
	printf("ring 0x%llx", (unsigned long long)dirty & ~0x2ULL);
	printf(" reset %d", CALL(vm, KVM_RESET_DIRTY_RINGS, 0) == (int)(next - first - 1));
	ring[next - 1].flags = KVM_DIRTY_GFN_F_RESET;
	printf(" last %d", CALL(vm, KVM_RESET_DIRTY_RINGS, 0));
	printf(" flags %u\n", ring[first].flags | ring[next - 1].flags);
	return next;
}

/* Twice: a page that was given back is told of again. */
static void show_rings(void)
{
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_dirty_gfn *ring;
	unsigned int next;

	make_vm(1);
	make_vcpu();
	if (mmap(NULL, RING, PROT_READ, MAP_PRIVATE, vcpu, RING_AT) == MAP_FAILED)
		printf("private ring %m\n");
	ring = mmap(NULL, RING, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, RING_AT);
	if (ring == MAP_FAILED)
		err(EXIT_FAILURE, "ring");
	run_vm();
	next = show_ring(ring, 0);
	CALL(vcpu, KVM_SET_REGS, &regs);
	run_vm();
	show_ring(ring, next);
	close(vcpu);
	close(vm);
}

int main(void)
{
	if (access("/dev/kvm", R_OK | W_OK))
		return 77;
	make_vm(0);
	make_vcpu();
	run_vm();
	show_result();
	show_errors();
	show_timer();
	close(vcpu);
	close(vm);
	if (CALL(kvm, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING))
		show_rings();
	close(kvm);
	return 0;
}
