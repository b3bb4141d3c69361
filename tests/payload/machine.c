/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include <asm/kbm_guest.h>
#include <linux/kvm.h>

#include "cleanup.h"
#include "image.h"
#include "message.h"

#define STOCK_MEMORY_START	(4ULL << 30)
#define STOCK_TIMER_HZ		1000000000ULL	/* KVM's APIC bus clock */
#define MAX_CPUID_ENTRIES	256

static int grant_all(struct machine *machine, bool wanted)
{
	if (!wanted || !ioctl(machine->lease.fd, KBM_GRANT_ALL))
		return 0;
	fail(-errno, "KBM_GRANT_ALL");
	lease_explain(&machine->lease);
	return -EINVAL;
}

static int create_vm(struct machine *machine, int mode)
{
	struct kvm_enable_cap cap = {
		.cap = KVM_CAP_X86_DIRECT,
		.args = { (uint64_t)machine->lease.fd, (uint64_t)mode },
	};
	unsigned long type = mode == MODE_STOCK ? 0 : KVM_X86_DIRECT_VM;

	machine->kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (machine->kvm_fd < 0)
		return fail(-errno, "cannot open /dev/kvm");
	machine->vm_fd = ioctl(machine->kvm_fd, KVM_CREATE_VM, type);
	if (machine->vm_fd < 0)
		return fail(-errno, "KVM_CREATE_VM of type %lu", type);
	if (mode == MODE_STOCK) {
		if (ioctl(machine->vm_fd, KVM_CREATE_IRQCHIP, NULL) < 0)
			return fail(-errno, "KVM_CREATE_IRQCHIP");
		return 0;
	}
	if (ioctl(machine->vm_fd, KVM_ENABLE_CAP, &cap) < 0)
		return fail(-errno, "KVM_ENABLE_CAP of KVM_CAP_X86_DIRECT, mode %d", mode);
	return 0;
}

static int lend_cpus(struct machine *machine, const struct options *options)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < options->nr_cpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->cpu = options->cpus[i];
		vcpu->apic_id = i;
		if (options->mode != MODE_STOCK)
			r = lease_cpu(&machine->lease, vcpu->cpu, &vcpu->apic_id, &vcpu->node);
	}
	return r;
}

static int stock_memory(const struct options *options, struct extent *ret_extent)
{
	void *memory = mmap(NULL, options->memory, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return fail(-errno, "memory of the guest");
	*ret_extent = (struct extent){
		.start = STOCK_MEMORY_START, .bytes = options->memory, .memory = memory,
	};
	return 0;
}

static int lend(struct machine *machine, const struct options *options)
{
	int r;

	if (options->mode == MODE_STOCK) {
		machine->lease.host.lapic_timer_hz = STOCK_TIMER_HZ;
		return stock_memory(options, &machine->extent);
	}
	r = lease_open(&machine->lease);
	if (!r)
		r = lease_memory(&machine->lease, options->memory,
				 options->any_node ? 0 : options->node,
				 options->any_node ? KBM_MEMORY_ANY_NODE : 0, &machine->extent);
	return r;
}

static int set_memory_slot(const struct machine *machine)
{
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = machine->extent.start,
		.memory_size = machine->extent.bytes,
		.userspace_addr = (uintptr_t)machine->extent.memory,
	};

	if (ioctl(machine->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return fail(-errno, "KVM_SET_USER_MEMORY_REGION at 0x%llx",
			    (unsigned long long)region.guest_phys_addr);
	return 0;
}

/* Nothing calibrated here has to be better than the payloads' own limits. */
static uint64_t tsc_hz(const struct machine *machine)
{
	uint64_t start_ns = now_ns();
	uint64_t start = __builtin_ia32_rdtsc();
	struct timespec pause = { .tv_nsec = 10000000 };

	if (machine->lease.host.tsc_khz)
		return machine->lease.host.tsc_khz * 1000;
	nanosleep(&pause, NULL);
	return (__builtin_ia32_rdtsc() - start) * 1000000000ULL / (now_ns() - start_ns);
}

static bool cpu_has_vmcall(void)
{
	unsigned int eax, ebx, ecx, edx;

	return __get_cpuid(0, &eax, &ebx, &ecx, &edx) && ebx == signature_INTEL_ebx;
}

static int build_image(const struct machine *machine, const struct options *options)
{
	struct image_numbers numbers = {
		.nr_cpus = machine->nr_vcpus,
		.count = options->count,
		.ticks = (uint64_t)(options->seconds * (double)tsc_hz(machine)),
		.period = machine->lease.host.lapic_timer_hz / options->rate,
		.argument = options->argument,
		.vmcall = cpu_has_vmcall(),
	};

	for (unsigned int i = 0; i < machine->nr_vcpus; i++)
		numbers.apic_ids[i] = machine->vcpus[i].apic_id;
	return image_build(&machine->extent, &machine->payload, &numbers);
}

static int create_vcpus(struct machine *machine, int mode)
{
	cleanup_free struct kvm_cpuid2 *cpuid =
		calloc(1, sizeof(*cpuid) + MAX_CPUID_ENTRIES * sizeof(cpuid->entries[0]));
	uint64_t start = machine->extent.start;
	int r = 0;

	if (!cpuid)
		return fail(-ENOMEM, "CPUID table");
	cpuid->nent = MAX_CPUID_ENTRIES;
	if (ioctl(machine->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
		return fail(-errno, "KVM_GET_SUPPORTED_CPUID");
	for (unsigned int i = 0; !r && i < machine->nr_vcpus; i++) {
		struct vcpu_start vcpu_start = {
			.entry = start + PAYLOAD_CODE,
			.stack = start + PAYLOAD_STACKS + (i + 1) * 0x1000ULL,
			.info = start + PAYLOAD_INFO,
			.result = start + PAYLOAD_RESULTS + i * 0x1000ULL,
			.page_tables = start + PAYLOAD_PAGE_TABLES,
			.gdt = start + PAYLOAD_GDT,
			.idt = start + PAYLOAD_IDT,
			.stock = mode == MODE_STOCK,
		};

		r = vcpu_new(machine->kvm_fd, machine->vm_fd, &machine->vcpus[i], cpuid,
			     &vcpu_start);
	}
	if (r && mode != MODE_STOCK)
		lease_explain(&machine->lease);
	return r;
}

static int machine_clear(struct machine *machine, unsigned int nr_vcpus)
{
	memset(machine, 0, sizeof(*machine));
	machine->kvm_fd = machine->vm_fd = machine->lease.fd = -1;
	machine->nr_vcpus = nr_vcpus;
	if (sem_init(&machine->guest_ended, 0, 0) || sem_init(&machine->kicked, 0, 0))
		return fail(-errno, "semaphore");
	for (unsigned int i = 0; i < nr_vcpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpu->index = i;
		vcpu->fd = -1;
		vcpu->guest_ended = &machine->guest_ended;
		vcpu->kicked = &machine->kicked;
	}
	return 0;
}

int machine_init(const struct options *options, struct machine *machine)
{
	int r = machine_clear(machine, options->nr_cpus);

	if (!r)
		r = payload_find(options->payload, &machine->payload);
	if (!r)
		r = lend(machine, options);
	if (!r)
		r = lend_cpus(machine, options);
	if (!r)
		r = grant_all(machine, options->grant);
	if (!r)
		r = create_vm(machine, options->mode);
	if (!r)
		r = set_memory_slot(machine);
	if (!r)
		r = build_image(machine, options);
	if (!r)
		r = create_vcpus(machine, options->mode);
	if (r)
		machine_done(machine);
	return r;
}

void machine_done(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_vcpus; i++)
		vcpu_free(&machine->vcpus[i]);
	if (machine->extent.memory)
		munmap(machine->extent.memory, machine->extent.bytes);
	if (machine->vm_fd >= 0)
		close(machine->vm_fd);
	if (machine->kvm_fd >= 0)
		close(machine->kvm_fd);
	lease_close(&machine->lease);
	machine->extent.memory = NULL;
	machine->vm_fd = machine->kvm_fd = -1;
	machine->nr_vcpus = 0;
}

int machine_start(struct machine *machine)
{
	int r = 0;

	for (unsigned int i = 0; !r && i < machine->nr_vcpus; i++)
		r = vcpu_thread_start(&machine->vcpus[i]);
	return r;
}

/* One vCPU's end is the guest's: END is a call of one CPU for all. */
int machine_wait(struct machine *machine, double seconds)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += (time_t)seconds;
	limit.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
	if (limit.tv_nsec >= 1000000000) {
		limit.tv_nsec -= 1000000000;
		limit.tv_sec++;
	}
	while (sem_timedwait(&machine->guest_ended, &limit)) {
		if (errno == ETIMEDOUT)
			return -ETIMEDOUT;
	}
	return 0;
}

void machine_stop(struct machine *machine)
{
	for (unsigned int i = 0; i < machine->nr_vcpus; i++)
		vcpu_thread_stop(&machine->vcpus[i]);
}
