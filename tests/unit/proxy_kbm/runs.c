// SPDX-License-Identifier: GPL-2.0-or-later
/* vCPUs: their run pages, their ends, their number. */
#include "session.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static void run_pages_are_copies(void **state)
{
	uint32_t vm = make(open_kvm(), KVM_CREATE_VM, 0);
	uint32_t vcpus[2] = { make(vm, KVM_CREATE_VCPU, 0), make(vm, KVM_CREATE_VCPU, 1) };
	struct kvm_run *runs[2];

	(void)state;
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(client_mmap(test.client, vcpus[i], NULL, 3 * 4096,
					     PROT_READ | PROT_WRITE, MAP_SHARED, 0,
					     (void **)&runs[i]), 0);
	runs[0]->immediate_exit = 1;
	assert_int_equal(client_ioctl(test.client, vcpus[0], KVM_RUN, 0), -EINTR);
	runs[0]->immediate_exit = 0;
	runs[0]->exit_reason = 0xffff;
	client_ioctl(test.client, vcpus[0], KVM_RUN, 0);
	assert_true(runs[0]->exit_reason != 0xffff);
	/* The ring of coalesced accesses is the VM's, the rest is not. */
	((uint8_t *)runs[0])[2 * 4096 + 100] = 7;
	assert_int_equal(((uint8_t *)runs[1])[2 * 4096 + 100], 7);
	runs[0]->request_interrupt_window = 1;
	assert_int_equal(runs[1]->request_interrupt_window, 0);
	for (unsigned int i = 0; i < 2; i++) {
		munmap(runs[i], 3 * 4096);
		assert_int_equal(client_close(test.client, vcpus[i]), 0);
	}
}

static void on_signal(int number)
{
	(void)number;
}

static struct kvm_run *halted_run;

/* As VMMs do it: a byte for the next KVM_RUN, a signal for the one under way. */
static void *signal_later(void *argument)
{
	usleep(100000);
	halted_run->immediate_exit = 1;
	pthread_kill(*(pthread_t *)argument, SIGUSR2);
	return NULL;
}

/* Halted, and nothing will ever wake it. */
static void a_signal_ends_a_run(void **state)
{
	struct kvm_mp_state halted = { .mp_state = KVM_MP_STATE_HALTED };
	struct sigaction action = { .sa_handler = on_signal };
	uint32_t vm = make(open_kvm(), KVM_CREATE_VM, 0), vcpu;
	pthread_t self = pthread_self(), thread;

	(void)state;
	assert_int_equal(client_ioctl(test.client, vm, KVM_CREATE_IRQCHIP, 0), 0);
	vcpu = make(vm, KVM_CREATE_VCPU, 0);
	assert_int_equal(client_ioctl(test.client, vcpu, KVM_SET_MP_STATE, (uintptr_t)&halted), 0);
	assert_int_equal(client_mmap(test.client, vcpu, NULL, 4096, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 0, (void **)&halted_run), 0);
	sigaction(SIGUSR2, &action, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&thread, NULL, signal_later, &self), 0);
		assert_int_equal(client_ioctl(test.client, vcpu, KVM_RUN, 0), -EINTR);
		pthread_join(thread, NULL);
		/* Nobody else writes it: it says that a kick came. */
		assert_int_equal(halted_run->immediate_exit, 1);
		halted_run->immediate_exit = 0;
	}
	munmap(halted_run, 4096);
}

static struct {
	uint32_t vm;
	pthread_barrier_t all;
} vcpus;

/* As a VMM's thread: it has its ring and its run page for as long as the VM lives. */
static void *run_vcpu(void *argument)
{
	intptr_t number = (intptr_t)argument;
	int vcpu = client_ioctl(test.client, vcpus.vm, KVM_CREATE_VCPU, (unsigned long)number), r;
	struct kvm_run *run = NULL;

	r = vcpu < 0 ? vcpu : client_mmap(test.client, (uint32_t)vcpu, NULL, 3 * 4096,
					  PROT_READ | PROT_WRITE, MAP_SHARED, 0, (void **)&run);
	if (!r) {
		run->immediate_exit = 1;
		r = client_ioctl(test.client, (uint32_t)vcpu, KVM_RUN, 0);
	}
	pthread_barrier_wait(&vcpus.all);
	if (run)
		munmap(run, 3 * 4096);
	return (void *)(intptr_t)r;
}

static void a_vm_has_as_many_vcpus_as_is_said(void **state)
{
	uint32_t kvm = open_kvm();
	int most = client_ioctl(test.client, kvm, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS);
	pthread_t threads[64];
	void *result;

	(void)state;
	assert_in_range(most, 16, 64);
	vcpus.vm = make(kvm, KVM_CREATE_VM, 0);
	pthread_barrier_init(&vcpus.all, NULL, (unsigned int)most);
	for (intptr_t i = 0; i < most; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_vcpu, (void *)i), 0);
	for (int i = 0; i < most; i++) {
		pthread_join(threads[i], &result);
		assert_int_equal((intptr_t)result, -EINTR);
	}
}

int test_runs(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(run_pages_are_copies),
		TEST(a_signal_ends_a_run),
		TEST(a_vm_has_as_many_vcpus_as_is_said),
	};

	return cmocka_run_group_tests_name("runs", tests, NULL, NULL);
}
