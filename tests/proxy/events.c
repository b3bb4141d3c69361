// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Eventfds of KVM over the proxy, with a guest that uses them:
 *
 *     kbm-proxy-events unix:PATH | kbm:DEVICE [ROUNDS]
 *
 * Each round the guest rings a doorbell (ioeventfd), an interrupt is raised (irqfd),
 * and the guest's end of another one is told (the resamplefd).
 */
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <asm/kbm.h>

#include "client.h"

#define MEMORY		(2u << 20)
#define CODE		0x1000
#define RUN_BYTES	(3 * 4096)
#define BELL		0xf4
#define PORT		0xe9
#define EDGE		5	/* GSIs, and lines of the PIC */
#define LEVEL		6
#define PATIENCE_MS	10000
#define ROUNDS		1000

/* 16 bit, for ever: ring; end of interrupt; tell that the round is over. */
static const uint8_t code[] = {
	0xe6, BELL,			/* out %al, $BELL */
	0xb0, 0x20,			/* mov $0x20, %al */
	0xe6, 0x20,			/* out %al, $0x20 */
	0xe6, PORT,			/* out %al, $PORT */
	0xeb, 0xf6,			/* jmp to the begin */
};

static struct client *client;
static uint32_t vm, vcpu;
static int bell, edge, level, resampled;

static int must(int r, const char *what)
{
	if (r < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
	return r;
}

#define CALL(handle, request, argument) \
	must(client_ioctl(client, handle, request, (uintptr_t)(argument)), #request)

/* Over kbm only lent memory is both sides'. */
static uint8_t *lend_memory(void)
{
	struct kbm_lend_memory memory = { .bytes = MEMORY, .flags = KBM_MEMORY_ANY_NODE };
	uint32_t lease = (uint32_t)must(client_open_lease(client), "lease");
	void *address = NULL;

	CALL(lease, KBM_LEND_MEMORY, &memory);
	must(client_map_lease(client, lease, memory.start, memory.bytes, NULL, &address), "mapping");
	return address;
}

static uint8_t *get_memory(void)
{
	void *address;

	if (!strcmp(client_transport(client), "kbm"))
		return lend_memory();
	address = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (address == MAP_FAILED)
		err(EXIT_FAILURE, "memory");
	return address;
}

static void make_vm(uint32_t kvm)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	uint8_t *memory = get_memory();
	struct kvm_sregs sregs;
	void *run = NULL;

	vm = (uint32_t)CALL(kvm, KVM_CREATE_VM, 0);
	CALL(vm, KVM_CREATE_IRQCHIP, 0);
	memcpy(memory + CODE, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	vcpu = (uint32_t)CALL(vm, KVM_CREATE_VCPU, 0);
	must(client_mmap(client, vcpu, NULL, RUN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, 0, &run),
	     "run page");
	CALL(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = sregs.cs.selector = 0;
	CALL(vcpu, KVM_SET_SREGS, &sregs);
	CALL(vcpu, KVM_SET_REGS, &regs);
}

static int make_eventfd(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	if (fd < 0)
		err(EXIT_FAILURE, "eventfd");
	return fd;
}

static void make_events(void)
{
	struct kvm_ioeventfd doorbell = { .addr = BELL, .len = 1, .flags = KVM_IOEVENTFD_FLAG_PIO };
	struct kvm_irqfd irqfd = { .gsi = EDGE };

	bell = doorbell.fd = make_eventfd();
	CALL(vm, KVM_IOEVENTFD, &doorbell);
	edge = make_eventfd();
	irqfd.fd = (uint32_t)edge;
	CALL(vm, KVM_IRQFD, &irqfd);
	level = make_eventfd();
	resampled = make_eventfd();
	irqfd = (struct kvm_irqfd){
		.fd = (uint32_t)level, .gsi = LEVEL, .flags = KVM_IRQFD_FLAG_RESAMPLE,
		.resamplefd = (uint32_t)resampled,
	};
	CALL(vm, KVM_IRQFD, &irqfd);
}

static void signal_event(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		err(EXIT_FAILURE, "eventfd");
}

static void wait_event(int fd, const char *what)
{
	struct pollfd event = { .fd = fd, .events = POLLIN };
	uint64_t count;

	if (poll(&event, 1, PATIENCE_MS) != 1)
		errx(EXIT_FAILURE, "%s: not signalled in %d ms", what, PATIENCE_MS);
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		err(EXIT_FAILURE, "%s", what);
}

/* Until the line is raised; then it is as if the guest had taken that interrupt. */
static void wait_interrupt(unsigned int line)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };

	for (unsigned int i = 0;; i++) {
		CALL(vm, KVM_GET_IRQCHIP, &chip);
		if (chip.chip.pic.irr & 1 << line)
			break;
		if (i == PATIENCE_MS)
			errx(EXIT_FAILURE, "line %u: not raised in %d ms", line, PATIENCE_MS);
		usleep(1000);
	}
	/* The irqfd may not have lowered the line yet: this must not raise it again. */
	chip.chip.pic.last_irr = 0;
	chip.chip.pic.irr = (uint8_t)(chip.chip.pic.irr & ~(1u << line));
	chip.chip.pic.isr = (uint8_t)(1u << line);
	CALL(vm, KVM_SET_IRQCHIP, &chip);
}

static void make_round(void)
{
	signal_event(edge);
	wait_interrupt(EDGE);
	signal_event(level);
	wait_interrupt(LEVEL);
	CALL(vcpu, KVM_RUN, 0);
	wait_event(bell, "doorbell");
	wait_event(resampled, "end of an interrupt");
}

/* Once they are given up nothing arrives any more. */
static void end_events(void)
{
	struct kvm_ioeventfd doorbell = {
		.addr = BELL, .len = 1, .fd = bell,
		.flags = KVM_IOEVENTFD_FLAG_PIO | KVM_IOEVENTFD_FLAG_DEASSIGN,
	};
	struct pollfd event = { .fd = bell, .events = POLLIN };

	CALL(vm, KVM_IOEVENTFD, &doorbell);
	CALL(vcpu, KVM_RUN, 0);
	if (poll(&event, 1, 100))
		errx(EXIT_FAILURE, "a doorbell that is no more has rung");
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc == 3 ? (unsigned int)atoi(argv[2]) : ROUNDS;
	int r;

	if (argc < 2 || argc > 3)
		errx(2, "usage: kbm-proxy-events unix:PATH|kbm:DEVICE [ROUNDS]");
	r = client_connect(argv[1], &client);
	if (r)
		errx(EXIT_FAILURE, "%s: %s; %s", argv[1], strerror(-r), client_connect_remedy(r));
	make_vm((uint32_t)must(client_open_kvm(client), "/dev/kvm"));
	make_events();
	for (unsigned int i = 0; i < rounds; i++)
		make_round();
	end_events();
	client_disconnect(client);
	printf("%u rounds: no doorbell, no interrupt lost\n", rounds);
	return EXIT_SUCCESS;
}
