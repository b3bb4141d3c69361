// SPDX-License-Identifier: GPL-2.0-or-later
/* Eventfds: irqfd and ioeventfd on both sides of the transport. */
#include "session.h"

#include <dirent.h>
#include <sys/eventfd.h>

#include "events.h"

#define GSI	5

static uint32_t make_pic(void)
{
	uint32_t vm = make(open_kvm(), KVM_CREATE_VM, 0);

	assert_int_equal(client_ioctl(test.client, vm, KVM_CREATE_IRQCHIP, 0), 0);
	return vm;
}

static int set_irqfd(uint32_t vm, int fd, uint32_t gsi, uint32_t flags)
{
	struct kvm_irqfd irqfd = { .fd = (uint32_t)fd, .gsi = gsi, .flags = flags };

	return client_ioctl(test.client, vm, KVM_IRQFD, (uintptr_t)&irqfd);
}

static int set_ioeventfd(uint32_t vm, int fd, uint64_t port, uint32_t flags)
{
	struct kvm_ioeventfd ioeventfd = {
		.addr = port, .len = 1, .fd = fd, .flags = KVM_IOEVENTFD_FLAG_PIO | flags,
	};

	return client_ioctl(test.client, vm, KVM_IOEVENTFD, (uintptr_t)&ioeventfd);
}

/* Whether the interrupt had been raised; it is not afterwards. */
static bool take_interrupt(uint32_t vm)
{
	struct kvm_irqchip chip = { .chip_id = KVM_IRQCHIP_PIC_MASTER };
	bool raised;

	assert_int_equal(client_ioctl(test.client, vm, KVM_GET_IRQCHIP, (uintptr_t)&chip), 0);
	raised = chip.chip.pic.irr & 1 << GSI;
	/* The irqfd may not have lowered the line yet: this must not raise it again. */
	chip.chip.pic.irr = chip.chip.pic.last_irr = 0;
	if (raised)
		assert_int_equal(client_ioctl(test.client, vm, KVM_SET_IRQCHIP, (uintptr_t)&chip), 0);
	return raised;
}

static void wait_interrupt(uint32_t vm)
{
	for (unsigned int i = 0; !take_interrupt(vm); i++) {
		assert_true(i < 5000);
		usleep(1000);
	}
}

static void an_irqfd_raises_interrupts(void **state)
{
	uint32_t vm = make_pic();
	int fd = eventfd(0, 0);

	(void)state;
	/* Signalled before there is an irqfd, as KVM does it, too. */
	ring_signal(fd);
	assert_int_equal(set_irqfd(vm, fd, GSI, 0), 0);
	wait_interrupt(vm);
	for (unsigned int i = 0; i < 100; i++) {
		ring_signal(fd);
		wait_interrupt(vm);
	}
	assert_int_equal(set_irqfd(vm, fd, GSI, 0), -EBUSY);
	ring_signal(fd);
	wait_interrupt(vm);
	assert_int_equal(set_irqfd(vm, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN), 0);
	ring_signal(fd);
	usleep(20000);
	assert_false(take_interrupt(vm));
	assert_true(eventfd_take(fd));
	close(fd);
}

/* It is an interrupt, or still the VMM's to read: once. */
static void no_signal_is_lost_at_the_end_of_an_irqfd(void **state)
{
	unsigned int raised = 0, left = 0;
	uint32_t vm = make_pic();
	int fd = eventfd(0, EFD_NONBLOCK);

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		assert_int_equal(set_irqfd(vm, fd, GSI, 0), 0);
		ring_signal(fd);
		/* Some are under way when it ends. */
		for (volatile unsigned int spin = 0; spin < i % 64 * 100; spin++)
			;
		assert_int_equal(set_irqfd(vm, fd, GSI, KVM_IRQFD_FLAG_DEASSIGN), 0);
		raised += take_interrupt(vm);
		left += eventfd_take(fd);
	}
	print_message("%u raised, %u left\n", raised, left);
	assert_int_equal(raised + left, 2000);
	close(fd);
}

static unsigned int descriptors_of_twin(void)
{
	unsigned int count = 0;
	char path[64];
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%d/fd", test.twin);
	fds = opendir(path);
	assert_non_null(fds);
	while (readdir(fds))
		count++;
	closedir(fds);
	return count;
}

static void events_are_given_back(void **state)
{
	uint32_t vm = make_pic(), other;
	int fds[KBM_MAX_EVENTS + 1];
	unsigned int before = descriptors_of_twin();

	(void)state;
	for (unsigned int i = 0; i <= KBM_MAX_EVENTS; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	for (unsigned int i = 0; i < KBM_MAX_EVENTS; i++)
		assert_int_equal(set_ioeventfd(vm, fds[i], i, 0), 0);
	assert_int_equal(set_ioeventfd(vm, fds[KBM_MAX_EVENTS], KBM_MAX_EVENTS, 0), -ENOSPC);
	/* One eventfd for two things has one number. */
	assert_int_equal(set_ioeventfd(vm, fds[0], 1000, 0), 0);
	assert_int_equal(set_ioeventfd(vm, fds[0], 1000, 0), -EEXIST);
	assert_int_equal(set_ioeventfd(vm, fds[1], 1000, KVM_IOEVENTFD_FLAG_DEASSIGN), -ENOENT);
	assert_int_equal(set_ioeventfd(vm, fds[0], 0, KVM_IOEVENTFD_FLAG_DEASSIGN), 0);
	assert_int_equal(set_ioeventfd(vm, fds[KBM_MAX_EVENTS], 2000, 0), -ENOSPC);
	assert_int_equal(set_ioeventfd(vm, fds[0], 1000, KVM_IOEVENTFD_FLAG_DEASSIGN), 0);
	assert_int_equal(set_ioeventfd(vm, fds[KBM_MAX_EVENTS], 2000, 0), 0);
	assert_int_equal(descriptors_of_twin(), before + KBM_MAX_EVENTS);
	assert_int_equal(client_close(test.client, vm), 0);
	assert_int_equal(descriptors_of_twin(), before - 1);
	other = make_pic();
	assert_int_equal(set_irqfd(other, fds[0], GSI, 0), 0);
	ring_signal(fds[0]);
	wait_interrupt(other);
	for (unsigned int i = 0; i <= KBM_MAX_EVENTS; i++)
		close(fds[i]);
}

static void odd_eventfds_are_refused(void **state)
{
	uint32_t vm = make_pic();

	(void)state;
	assert_int_equal(set_irqfd(vm, -1, GSI, 0), -EBADF);
	assert_int_equal(set_irqfd(vm, 12345, GSI, 0), -EBADF);
	assert_int_equal(set_irqfd(vm, test.end[0], GSI, 0), -EINVAL);
	assert_int_equal(set_irqfd(vm, test.client_bell, 100000, 1 << 7), -EINVAL);
	assert_int_equal(set_ioeventfd(vm, -1, 1, 0), -EBADF);
}

int test_events(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_irqfd_raises_interrupts),
		TEST(no_signal_is_lost_at_the_end_of_an_irqfd),
		TEST(events_are_given_back),
		TEST(odd_eventfds_are_refused),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
