// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long KVM's calls take: by plain ioctl(), or over the proxy.
 *
 *     kbm-round-trips direct | unix:PATH | kbm:DEVICE [CALLS]
 *
 * Prints JSON: nanoseconds of each kind of call, one after the other without a
 * pause (both sides spin), and with pauses of a millisecond (both sleep).
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <linux/kvm.h>

#include <asm/kbm.h>

#include "client.h"

#define MEMORY		(2u << 20)
#define CODE		0x1000
#define RUN_BYTES	(3 * 4096)
#define MAX_CPUID	256
#define CALLS		20000u
#define PAUSED_CALLS	500u
#define WARM_UP		200u
#define PAUSE_NS	1000000

/* 16 bit: out %al, $0xe9, for ever. */
static const uint8_t code[] = { 0xe6, 0xe9, 0xeb, 0xfc };

static struct client *client;	/* NULL: direct */
static int kvm, vm, vcpu;
static struct kvm_run *run;
static struct {
	struct kvm_cpuid2 header;
	struct kvm_cpuid_entry2 entries[MAX_CPUID];
} cpuid;

/* As ioctl(), with a negative errno. */
static int call(int handle, unsigned long request, void *argument)
{
	int r;

	if (client)
		return client_ioctl(client, (uint32_t)handle, request, (uintptr_t)argument);
	r = ioctl(handle, request, argument);
	return r < 0 ? -errno : r;
}

static int must(int r, const char *what)
{
	if (r < 0)
		errx(EXIT_FAILURE, "%s: %s", what, strerror(-r));
	return r;
}

/* Over kbm only lent memory is both sides'. */
static void *lend_memory(void)
{
	struct kbm_lend_memory memory = { .bytes = MEMORY, .flags = KBM_MEMORY_ANY_NODE };
	int lease = must(client_open_lease(client), "lease");
	void *address;

	must(call(lease, KBM_LEND_MEMORY, &memory), "KBM_LEND_MEMORY");
	must(client_map_lease(client, (uint32_t)lease, memory.start, memory.bytes, NULL, &address),
	     "mapping of lent memory");
	return address;
}

static void *get_memory(void)
{
	void *address;

	if (client && !strcmp(client_transport(client), "kbm"))
		return lend_memory();
	address = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (address == MAP_FAILED)
		err(EXIT_FAILURE, "memory");
	return address;
}

static void map_run(void)
{
	void *address;

	if (client) {
		must(client_mmap(client, (uint32_t)vcpu, NULL, RUN_BYTES, PROT_READ | PROT_WRITE,
				 MAP_SHARED, 0, &address), "run page");
	} else {
		address = mmap(NULL, RUN_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
		if (address == MAP_FAILED)
			err(EXIT_FAILURE, "run page");
	}
	run = address;
}

static void open_kvm(const char *where)
{
	int r;

	if (!strcmp(where, "direct")) {
		kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
		if (kvm < 0)
			err(EXIT_FAILURE, "/dev/kvm");
		return;
	}
	r = client_connect(where, &client);
	if (r)
		errx(EXIT_FAILURE, "%s: %s; %s", where, strerror(-r), client_connect_remedy(r));
	kvm = must(client_open_kvm(client), "/dev/kvm");
}

static void make_vm(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEMORY };
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_sregs sregs;
	uint8_t *memory = get_memory();

	vm = must(call(kvm, KVM_CREATE_VM, NULL), "KVM_CREATE_VM");
	memcpy(memory + CODE, code, sizeof(code));
	region.userspace_addr = (uintptr_t)memory;
	must(call(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	vcpu = must(call(vm, KVM_CREATE_VCPU, NULL), "KVM_CREATE_VCPU");
	map_run();
	must(call(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = sregs.cs.selector = 0;
	must(call(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	must(call(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
	cpuid.header.nent = MAX_CPUID;
	must(call(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid), "KVM_GET_SUPPORTED_CPUID");
}

static bool get_version(void)
{
	return call(kvm, KVM_GET_API_VERSION, NULL) == KVM_API_VERSION;
}

static bool get_regs(void)
{
	struct kvm_regs regs;

	return call(vcpu, KVM_GET_REGS, &regs) == 0;
}

static bool set_cpuid(void)
{
	return call(vcpu, KVM_SET_CPUID2, &cpuid) == 0;
}

static bool run_to_exit(void)
{
	return call(vcpu, KVM_RUN, NULL) == 0 && run->exit_reason == KVM_EXIT_IO;
}

/* KVM refuses another CPUID once a vCPU has run: so that comes last. */
static const struct {
	const char *name;
	bool (*make)(void);
} kinds[] = {
	{ "KVM_GET_API_VERSION", get_version },
	{ "KVM_GET_REGS", get_regs },
	{ "KVM_SET_CPUID2", set_cpuid },
	{ "KVM_RUN", run_to_exit },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void measure(unsigned int kind, bool paused, unsigned int calls, bool last)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	uint64_t *times = calloc(calls, sizeof(*times)), begin;

	if (!times)
		err(EXIT_FAILURE, "memory");
	for (unsigned int i = 0; i < calls + WARM_UP; i++) {
		if (paused)
			nanosleep(&pause, NULL);
		begin = now_ns();
		if (!kinds[kind].make())
			errx(EXIT_FAILURE, "%s: wrong answer", kinds[kind].name);
		if (i >= WARM_UP)
			times[i - WARM_UP] = now_ns() - begin;
	}
	qsort(times, calls, sizeof(*times), compare);
	printf(" {\"call\": \"%s\", \"mode\": \"%s\", \"calls\": %u, \"p50_ns\": %llu, \"p99_ns\": %llu, \"p99.9_ns\": %llu}%s\n",
	       kinds[kind].name, paused ? "sleeping" : "spinning", calls,
	       (unsigned long long)times[calls / 2],
	       (unsigned long long)times[(uint64_t)calls * 99 / 100],
	       (unsigned long long)times[(uint64_t)calls * 999 / 1000], last ? "" : ",");
	free(times);
}

int main(int argc, char **argv)
{
	const unsigned int nr_kinds = sizeof(kinds) / sizeof(kinds[0]);
	unsigned int calls = argc == 3 ? (unsigned int)atoi(argv[2]) : CALLS;

	if (argc < 2 || argc > 3 || calls < 1)
		errx(EXIT_FAILURE, "usage: kbm-round-trips direct|unix:PATH|kbm:DEVICE [CALLS]");
	open_kvm(argv[1]);
	make_vm();
	puts("[");
	for (unsigned int kind = 0; kind < nr_kinds; kind++) {
		measure(kind, false, calls, false);
		measure(kind, true, calls < PAUSED_CALLS ? calls : PAUSED_CALLS,
			kind == nr_kinds - 1);
	}
	puts("]");
	return EXIT_SUCCESS;
}
