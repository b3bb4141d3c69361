// SPDX-License-Identifier: GPL-2.0-or-later
/* What crosses the transport, and what does not. */
#include "session.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

static void calls_cross(void **state)
{
	uint32_t kvm = open_kvm(), vm = make(kvm, KVM_CREATE_VM, 0);
	uint32_t vcpu = make(vm, KVM_CREATE_VCPU, 0);
	struct kvm_regs regs = { .rax = 0x1234, .rflags = 2 }, back;

	(void)state;
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), 12);
	assert_int_equal(client_ioctl(test.client, vcpu, KVM_SET_REGS, (uintptr_t)&regs), 0);
	assert_int_equal(client_ioctl(test.client, vcpu, KVM_GET_REGS, (uintptr_t)&back), 0);
	assert_int_equal(back.rax, 0x1234);
	assert_int_equal(client_set_name(test.client, "redis-1"), 0);
	assert_string_equal(session_host_page()->name,
			    "redis-1");
}

static void descriptors_do_not_cross(void **state)
{
	struct kvm_hyperv_eventfd event = { .conn_id = 1, .fd = test.client_bell };
	uint32_t kvm = open_kvm(), vm = make(kvm, KVM_CREATE_VM, 0);
	uint32_t statistics = make(vm, KVM_GET_STATS_FD, 0);
	struct kvm_stats_header header;

	(void)state;
	assert_int_equal(client_ioctl(test.client, kvm, KVM_CHECK_EXTENSION,
				      KVM_CAP_HYPERV_EVENTFD), 0);
	assert_int_equal(client_ioctl(test.client, vm, KVM_HYPERV_EVENTFD, (uintptr_t)&event),
			 -EOPNOTSUPP);
	assert_int_equal(client_get_fd(test.client, statistics), -EOPNOTSUPP);
	assert_int_equal(client_pread(test.client, statistics, &header, sizeof(header), 0),
			 sizeof(header));
	assert_true(header.num_desc > 0);
}

/* Without memory the first instruction cannot be read: KVM says so in the page. */
static int set_slot(uint32_t vm, void *memory)
{
	struct kvm_userspace_memory_region region = {
		.memory_size = 4096, .userspace_addr = (uintptr_t)memory,
	};

	return client_ioctl(test.client, vm, KVM_SET_USER_MEMORY_REGION, (uintptr_t)&region);
}

/* Of an ordinary VM, too: it may not reach what is lent to others. */
static void slots_lie_in_what_is_lent_to_the_session(void **state)
{
	uint32_t vm = make(open_kvm(), KVM_CREATE_VM, 0);
	int lease = client_open_lease(test.client);
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(lease > 0);
	assert_int_equal(client_open_lease(test.client), -EEXIST);
	/* As if it had been lent, and as a lease of another session. */
	assert_int_equal(client_name_memory(test.client, memory, 4096, (uint32_t)lease, 0), 0);
	assert_int_equal(set_slot(vm, memory), -EINVAL);
	client_forget_memory(test.client, memory, 4096);
	assert_int_equal(client_name_memory(test.client, memory, 4096, (uint32_t)lease + 1, 0), 0);
	assert_int_equal(set_slot(vm, memory), -EBADF);
	munmap(memory, 4096);
}

#define CALLERS		6
#define CALLS		3000

static void *call_often(void *argument)
{
	uint32_t kvm = *(uint32_t *)argument;
	intptr_t good = 0;

	for (unsigned int i = 0; i < CALLS; i++) {
		good += client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0) == 12;
		/* Long enough for both sides to go to sleep, now and then. */
		if (i % 16 == 0)
			usleep(i % 400);
	}
	return (void *)good;
}

static void no_wakeup_is_lost(void **state)
{
	uint32_t kvm = open_kvm();
	pthread_t threads[CALLERS];
	void *good;

	(void)state;
	for (unsigned int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, &kvm), 0);
	for (unsigned int i = 0; i < CALLERS; i++) {
		pthread_join(threads[i], &good);
		assert_int_equal((intptr_t)good, CALLS);
	}
}

static void *call_once(void *argument)
{
	return (void *)(intptr_t)client_ioctl(test.client, *(uint32_t *)argument,
					      KVM_GET_API_VERSION, 0);
}

/* More threads than the session's memory has room for at once. */
static void rings_are_given_back(void **state)
{
	uint32_t kvm = open_kvm();
	pthread_t thread;
	void *result;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(pthread_create(&thread, NULL, call_once, &kvm), 0);
		pthread_join(thread, &result);
		assert_int_equal((intptr_t)result, 12);
	}
}

static void a_killed_twin_is_an_error(void **state)
{
	uint32_t kvm = open_kvm();

	(void)state;
	kill(test.twin, SIGKILL);
	session_twin_ended();
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_ENDED);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), -EIO);
	assert_int_equal(client_close(test.client, kvm), -EIO);
}

int test_calls(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(calls_cross),
		TEST(descriptors_do_not_cross),
		TEST(slots_lie_in_what_is_lent_to_the_session),
		TEST(no_wakeup_is_lost),
		TEST(rings_are_given_back),
		TEST(a_killed_twin_is_an_error),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
