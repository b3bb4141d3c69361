/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One vCPU and its thread. */
#ifndef KBM_TEST_VCPU_H
#define KBM_TEST_VCPU_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct kvm_cpuid2;
struct kvm_run;

/* How a vCPU's thread came to its end. */
enum vcpu_end {
	VCPU_RUNS,
	VCPU_STOPPED,		/* by us: time limit, or the guest ended elsewhere */
	VCPU_SHUTDOWN,		/* hypercalls */
	VCPU_REBOOT,
	VCPU_PANIC,
	VCPU_REFUSED,
	VCPU_TRIPLE_FAULT,
	VCPU_MEMORY_FAULT,	/* outside its memory slots */
	VCPU_ERROR,		/* KVM_RUN failed, or an exit of no use here */
};

struct vcpu {
	unsigned int index;
	unsigned int cpu;		/* of the host */
	uint32_t apic_id;
	uint32_t node;
	int fd;
	struct kvm_run *run;
	unsigned int run_size;

	pthread_t thread;
	bool started;
	sem_t *guest_ended;		/* shared by all vCPUs of a machine */
	atomic_bool stop;
	atomic_int end;			/* enum vcpu_end */
	uint64_t detail;		/* of the end: hypercall's, address, errno */
	uint32_t exit_reason;		/* KVM's, of the last exit */
	uint64_t user_exits;		/* returns of KVM_RUN */

	sem_t *kicked;			/* posted for each kick that came through */
	atomic_uint_fast64_t kick_returned_ns;
	atomic_bool kick_wanted;
};

struct vcpu_start {
	uint64_t entry;
	uint64_t stack;
	uint64_t info;
	uint64_t result;
	uint64_t page_tables;
	uint64_t gdt;
	uint64_t idt;
	bool stock;
};

int vcpu_new(int kvm_fd, int vm_fd, struct vcpu *vcpu, struct kvm_cpuid2 *cpuid,
	     const struct vcpu_start *start);
void vcpu_free(struct vcpu *vcpu);

int vcpu_thread_start(struct vcpu *vcpu);
/* Ask the thread to end, again and again until it has. */
void vcpu_thread_stop(struct vcpu *vcpu);
/* Make KVM_RUN return once. */
void vcpu_interrupt(struct vcpu *vcpu);

const char *vcpu_end_name(enum vcpu_end end);
uint64_t now_ns(void);

#endif
