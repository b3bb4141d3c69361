/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The thread of a vCPU: KVM_RUN, what its exits mean, and how it is stopped. */
#include "vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <time.h>

#include <linux/kvm.h>

#include "message.h"
#include "payload_abi.h"

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT	39
#endif

/* Of struct kvm_run, for headers older than Linux 6.8. */
struct memory_fault {
	uint64_t flags;
	uint64_t gpa;
	uint64_t size;
};

#define KICK_SIGNAL	SIGUSR1

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static enum vcpu_end end_of_event(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;

	if (run->system_event.ndata)
		vcpu->detail = run->system_event.data[run->system_event.ndata > 1 ? 1 : 0];
	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		return VCPU_SHUTDOWN;
	case KVM_SYSTEM_EVENT_RESET:
		return VCPU_REBOOT;
	case KVM_SYSTEM_EVENT_CRASH:
		return VCPU_PANIC;
	default:
		return VCPU_ERROR;
	}
}

/* Stock KVM's end of a payload: its reason written to a port. */
static enum vcpu_end end_of_port(struct vcpu *vcpu)
{
	const struct kvm_run *run = vcpu->run;
	uint8_t reason = *((const uint8_t *)run + run->io.data_offset);

	if (run->io.port != PAYLOAD_END_PORT)
		return VCPU_RUNS;
	return reason > VCPU_REFUSED - VCPU_SHUTDOWN ? VCPU_ERROR : VCPU_SHUTDOWN + reason;
}

static enum vcpu_end end_of_exit(struct vcpu *vcpu)
{
	switch (vcpu->run->exit_reason) {
	case KVM_EXIT_SYSTEM_EVENT:
		return end_of_event(vcpu);
	case KVM_EXIT_IO:
		return end_of_port(vcpu);
	case KVM_EXIT_SHUTDOWN:
		return VCPU_TRIPLE_FAULT;
	case KVM_EXIT_INTR:
		return VCPU_RUNS;
	case KVM_EXIT_FAIL_ENTRY:
		vcpu->detail = vcpu->run->fail_entry.hardware_entry_failure_reason;
		return VCPU_ERROR;
	case KVM_EXIT_INTERNAL_ERROR:
		vcpu->detail = vcpu->run->internal.suberror;
		return VCPU_ERROR;
	default:
		return VCPU_ERROR;
	}
}

static enum vcpu_end end_of_error(struct vcpu *vcpu, int error)
{
	const struct memory_fault *fault = (const void *)&vcpu->run->hw;

	if (error == EINTR || error == EAGAIN)
		return VCPU_RUNS;
	if (error == EFAULT && vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
		vcpu->detail = fault->gpa;
		return VCPU_MEMORY_FAULT;
	}
	vcpu->detail = (uint64_t)error;
	return VCPU_ERROR;
}

static void answer_kick(struct vcpu *vcpu, uint64_t returned_ns)
{
	if (!atomic_exchange(&vcpu->kick_wanted, false))
		return;
	atomic_store(&vcpu->kick_returned_ns, returned_ns);
	sem_post(vcpu->kicked);
}

static enum vcpu_end run_once(struct vcpu *vcpu)
{
	uint64_t returned_ns;
	int r, error;

	r = ioctl(vcpu->fd, KVM_RUN, NULL);
	error = errno;
	returned_ns = now_ns();

	vcpu->user_exits++;
	vcpu->exit_reason = vcpu->run->exit_reason;
	*(volatile uint8_t *)&vcpu->run->immediate_exit = 0;
	if (r < 0 && error == EINTR)
		answer_kick(vcpu, returned_ns);
	if (r < 0)
		return end_of_error(vcpu, error);
	return end_of_exit(vcpu);
}

static void *vcpu_main(void *argument)
{
	struct vcpu *vcpu = argument;
	enum vcpu_end end = VCPU_RUNS;

	while (end == VCPU_RUNS && !atomic_load(&vcpu->stop))
		end = run_once(vcpu);
	if (end == VCPU_RUNS)
		end = VCPU_STOPPED;
	atomic_store(&vcpu->end, end);
	sem_post(vcpu->guest_ended);
	return NULL;
}

static void on_kick_signal(int signal)
{
	(void)signal;
}

int vcpu_thread_start(struct vcpu *vcpu)
{
	struct sigaction action = { .sa_handler = on_kick_signal };
	int error;

	sigaction(KICK_SIGNAL, &action, NULL);
	error = pthread_create(&vcpu->thread, NULL, vcpu_main, vcpu);
	if (error)
		return fail(-error, "thread of vCPU %u", vcpu->index);
	vcpu->started = true;
	return 0;
}

void vcpu_interrupt(struct vcpu *vcpu)
{
	*(volatile uint8_t *)&vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, KICK_SIGNAL);
}

void vcpu_thread_stop(struct vcpu *vcpu)
{
	struct timespec limit;

	if (!vcpu->started)
		return;
	atomic_store(&vcpu->stop, true);
	do {
		vcpu_interrupt(vcpu);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += 100000000;
		if (limit.tv_nsec >= 1000000000) {
			limit.tv_nsec -= 1000000000;
			limit.tv_sec++;
		}
	} while (pthread_timedjoin_np(vcpu->thread, NULL, &limit));
	vcpu->started = false;
}
