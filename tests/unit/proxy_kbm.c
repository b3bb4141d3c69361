// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kbm transport without its kernels: the channel is a memfd, doorbells are
 * eventfds. Real are the daemon's side of the channel, the twin, the client.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include <asm/kbm_channel.h>
#include <asm/kbm_guest.h>

#include "channel.h"
#include "client_private.h"
#include "events.h"
#include "transport_kbm.h"
#include "twin.h"

#define CHANNEL_BYTES	(16u << 20)
#define SESSION_BYTES	(2u << 20)
#define LEASE_BYTES	65536u
#define STORED		8
#define SANITIZER_STATUS 99

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99";
}

static struct {
	int channel_file;
	bool channel_lent;
	int lease_file;
	ino_t lease_inode;
	struct channel *channel;
	struct kbm_channel *shared;
	pid_t twin;
	int client_bell;
	int end[2];
	int *leases_ended;	/* also by other processes */
	int end_busy;		/* how often it is busy first */
	int end_error;		/* what ending a lease gives */
	int lasting_error;	/* what the daemon was told of it */
	bool restart;		/* of the daemon, while the lease is given back */
	struct client *client;
	struct {
		char name[32];
		int fd;
	} stored[STORED];
} test;

/* A doorbell word's APIC ID is an eventfd here. */
static int send_word(int device, uint64_t word)
{
	const uint64_t one = 1;

	(void)device;
	return write((int)KBM_DOORBELL_APIC_ID(word), &one, sizeof(one)) < 0 ? -errno : 0;
}

static int set_doorbell(int fd, uint64_t at, int eventfd)
{
	uint64_t word = eventfd < 0 ? 0 : KBM_DOORBELL_WORD((uint32_t)fcntl(eventfd, F_DUPFD, 3), 32);

	return pwrite(fd, &word, sizeof(word), (off_t)at) == sizeof(word) ? 0 : -EIO;
}

static int make_file(uint64_t bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	return fd < 0 || ftruncate(fd, (off_t)bytes) < 0 ? -errno : fd;
}

static int open_device(void)
{
	bool first = !test.channel_lent;

	test.channel_lent = true;
	return dup(first ? test.channel_file : test.lease_file);
}

static int lend_channel(int fd, uint32_t node, uint64_t bytes, uint64_t *ret_start)
{
	(void)fd;
	(void)node;
	*ret_start = 0;
	return bytes == CHANNEL_BYTES ? 0 : -EINVAL;
}

static int end_lease(int fd)
{
	struct stat given;

	if (fstat(fd, &given) || given.st_ino != test.lease_inode)
		return -EBADF;
	if (test.end_busy && test.end_busy--)
		return -EBUSY;
	/* Not done for as long as this takes. */
	usleep(50000);
	__atomic_add_fetch(test.leases_ended, 1, __ATOMIC_RELAXED);
	return test.end_error;
}

static const struct channel_device device = {
	.open = open_device, .lend = lend_channel, .end = end_lease, .doorbell = set_doorbell,
	.send = send_word,
};

static int open_kvm_device(void)
{
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int start_twin(void *context, const struct channel_session *session)
{
	struct twin_setup setup = {
		.socket = -1, .kvm = open_kvm_device(), .lease = session->lease, .proc_fds = -1,
		.channel = session->channel, .start = session->start, .bytes = session->bytes,
		.bell = session->bell, .send = send_word,
	};

	(void)context;
	test.twin = fork();
	if (test.twin)
		return test.twin < 0 ? -errno : 0;
	if (twin_prepare(&setup))
		_exit(EXIT_FAILURE);
	twin_serve();
}

static void twin_ended(void)
{
	int status = 0;

	assert_int_equal(waitpid(test.twin, &status, 0), test.twin);
	/* A crash of the twin is a failure, whatever the client did. */
	assert_true(WIFEXITED(status) ? WEXITSTATUS(status) != SANITIZER_STATUS :
					WTERMSIG(status) == SIGKILL);
	test.twin = 0;
	channel_twin_ended(test.channel, 0);
	close(test.end[1]);
	test.end[1] = -1;
}

static void kill_twin(void *context, uint32_t index)
{
	(void)context;
	assert_int_equal(index, 0);
	kill(test.twin, SIGKILL);
}

/* The daemon finds its sessions by the channel's start. */
static bool twin_alive(void *context, uint32_t index)
{
	(void)context;
	assert_non_null(test.channel);
	return index == 0 && test.twin && !waitpid(test.twin, NULL, WNOHANG);
}

static int store(const char *name, int fd)
{
	for (unsigned int i = 0; i < STORED; i++) {
		if (test.stored[i].name[0])
			continue;
		snprintf(test.stored[i].name, sizeof(test.stored[i].name), "%s", name);
		test.stored[i].fd = dup(fd);
		return 0;
	}
	return -ENOSPC;
}

static int take(const char *name)
{
	for (unsigned int i = 0; i < STORED; i++) {
		if (strcmp(test.stored[i].name, name))
			continue;
		test.stored[i].name[0] = '\0';
		return test.stored[i].fd;
	}
	return -1;
}

static void unstore(const char *name)
{
	int fd = take(name);

	if (fd >= 0)
		close(fd);
}

static void lease_lasts(void *context, uint32_t index, int error)
{
	(void)context;
	assert_int_equal(index, 0);
	test.lasting_error = error;
}

static const struct channel_host host = {
	.start = start_twin, .kill = kill_twin, .alive = twin_alive, .lasting = lease_lasts,
	.store = store, .unstore = unstore, .take = take,
};

static const struct channel_size size = {
	.bytes = CHANNEL_BYTES, .session_bytes = SESSION_BYTES,
};

static uint8_t *session_memory(void)
{
	return (uint8_t *)test.shared + test.shared->first_session;
}

static struct kbm_session_client *client_page(void)
{
	return (void *)session_memory();
}

/* What the driver does for an open file, and at its end. */
static void change_sequence(void)
{
	test.shared->client[0].sequence++;
	send_word(-1, test.shared->host_doorbell);
	channel_poll(test.channel);
}

static int begin_session(void)
{
	struct kbm_setup setup = {
		.bytes = SESSION_BYTES, .memory = session_memory(), .device = test.channel_file,
		.send = send_word, .start = test.shared->first_session,
	};
	struct transport *transport;
	int r;

	/* First, so that the twin knows its number. */
	test.client_bell = eventfd(0, EFD_NONBLOCK);
	if (pipe2(test.end, O_CLOEXEC))
		return -errno;
	change_sequence();
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_SERVED);
	setup.end_fd = test.end[0];
	setup.own_bell = test.client_bell;
	client_page()->doorbell = KBM_DOORBELL_WORD((uint32_t)test.client_bell, 32);
	r = transport_kbm_client_new(&setup, &transport);
	return r ? r : client_new(transport, &test.client);
}

static int setup(void **state)
{
	struct stat lease;

	(void)state;
	if (!test.leases_ended)
		test.leases_ended = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	test.channel = NULL;
	test.channel_lent = false;
	test.channel_file = make_file(CHANNEL_BYTES);
	test.lease_file = make_file(LEASE_BYTES);
	if (fstat(test.lease_file, &lease))
		return -1;
	test.lease_inode = lease.st_ino;
	test.end_busy = 0;
	test.end_error = test.lasting_error = 0;
	test.restart = false;
	*test.leases_ended = 0;
	if (channel_new(&size, &host, NULL, &device, &test.channel))
		return -1;
	test.shared = mmap(NULL, CHANNEL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			   test.channel_file, 0);
	return test.shared == MAP_FAILED ? -1 : begin_session();
}

static bool is_wiped(void)
{
	const uint8_t *memory = session_memory();

	for (size_t i = 0; i < SESSION_BYTES; i++) {
		if (memory[i])
			return false;
	}
	return true;
}

static void restart_daemon(void)
{
	struct channel *before = test.channel;

	test.channel = NULL;
	assert_int_equal(channel_new(&size, &host, NULL, &device, &test.channel), 0);
	channel_free(before);
	channel_poll(test.channel);
}

static void end_session(void)
{
	change_sequence();
	if (test.twin)
		twin_ended();
	if (test.restart)
		restart_daemon();
	/* The lease goes back in a process of its own. */
	for (unsigned int i = 0; i < 1000 && test.shared->host[0].state; i++) {
		usleep(10000);
		channel_poll(test.channel);
	}
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_IDLE);
	assert_int_equal(test.shared->host[0].done, test.shared->client[0].sequence);
	assert_int_equal(*test.leases_ended, test.restart ? 2 : 1);
	assert_int_equal(test.lasting_error, test.end_error == -ENODEV ? 0 : test.end_error);
	assert_true(is_wiped());
}

static int teardown(void **state)
{
	(void)state;
	if (test.client)
		client_disconnect(test.client);
	test.client = NULL;
	end_session();
	channel_free(test.channel);
	munmap(test.shared, CHANNEL_BYTES);
	for (unsigned int i = 0; i < STORED; i++)
		unstore(test.stored[i].name);
	close(test.channel_file);
	close(test.lease_file);
	close(test.end[0]);
	close(test.end[1]);
	close(test.client_bell);
	return 0;
}

static uint32_t open_kvm(void)
{
	int kvm = client_open_kvm(test.client);

	if (kvm == -ENOENT || kvm == -EACCES)
		skip();
	assert_true(kvm > 0);
	return (uint32_t)kvm;
}

static uint32_t make(uint32_t on, unsigned long request, unsigned long argument)
{
	int handle = client_ioctl(test.client, on, request, argument);

	assert_true(handle > 0);
	return (uint32_t)handle;
}

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
	assert_string_equal(((struct kbm_session_host *)(session_memory() + KBM_SESSION_HOST))->name,
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
	twin_ended();
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_ENDED);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), -EIO);
	assert_int_equal(client_close(test.client, kvm), -EIO);
}

static struct kbm_link *session_link(void)
{
	return (void *)(session_memory() + KBM_SESSION_DATA);
}

static void twin_must_end(void)
{
	send_word(-1, ((struct kbm_session_host *)(session_memory() + KBM_SESSION_HOST))->doorbell);
	twin_ended();
}

static void a_damaged_queue_ends_the_session(void **state)
{
	(void)state;
	atomic_store(&session_link()->to_twin.tail, 1000);
	twin_must_end();
}

static void a_damaged_head_ends_the_session(void **state)
{
	struct kbm_message hello = { .type = KBM_MESSAGE_HELLO };

	(void)state;
	atomic_store(&session_link()->to_client.head, 77777);
	session_link()->to_twin.messages[1 % KBM_LINK_MESSAGES] = hello;
	atomic_fetch_add(&session_link()->to_twin.tail, 1);
	twin_must_end();
}

static void odd_bits_wake_nobody(void **state)
{
	uint32_t kvm = open_kvm();

	(void)state;
	for (unsigned int i = 0; i < KBM_LINK_BITS; i++) {
		atomic_store(&session_link()->twin_bits[i], ~0ULL);
		atomic_store(&session_link()->client_bits[i], ~0ULL);
	}
	for (unsigned int i = 0; i < KBM_LINK_EVENT_BITS; i++) {
		atomic_store(&session_link()->twin_events[i], ~0ULL);
		atomic_store(&session_link()->client_events[i], ~0ULL);
	}
	send_word(-1, ((struct kbm_session_host *)(session_memory() + KBM_SESSION_HOST))->doorbell);
	send_word(-1, client_page()->doorbell);
	usleep(20000);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), 12);
}

static bool is_event(const struct kbm_message *message)
{
	return message->type == KBM_MESSAGE_ADD_EVENT && message->size &&
	       message->size <= KBM_EVENT_TO_CLIENT && message->handle < KBM_MAX_EVENTS;
}

/* Each field of a message that names memory, at the edges. */
static void damaged_messages_get_answers(void **state)
{
	static const uint64_t values[] = { 0, 1, 4095, 4096, 8192, SESSION_BYTES - 8192,
					   SESSION_BYTES, 1ULL << 32, 1ULL << 63, UINT64_MAX,
					   UINT64_MAX - 4095 };

	(void)state;
	for (uint32_t type = 0; type < _KBM_MESSAGE_MAX + 2; type++) {
		for (unsigned int i = 0; i < 11 * 11; i++) {
			struct kbm_message message = {
				.type = type, .size = values[i / 11], .offset = values[i % 11],
				.handle = (uint32_t)values[i % 11],
			};

			if (type == KBM_MESSAGE_CANCEL || type == KBM_MESSAGE_ADD_RING ||
			    is_event(&message))
				continue;
			assert_true(client_ask(test.client, &message, NULL, 0, NULL) < 0);
		}
	}
	assert_true(client_open_kvm(test.client) != -EIO);
}

/* Rings anywhere, also over each other's memory. */
static void rings_on_odd_places(void **state)
{
	struct kbm_message last = {
		.type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_ARENA + KBM_ARENA_MIN,
		.offset = SESSION_BYTES - KBM_SESSION_DATA - KBM_RING_ARENA,
	};

	(void)state;
	assert_int_equal(client_ask(test.client, &last, NULL, 0, NULL), -EINVAL);
	for (uint64_t offset = 0; offset < 2 * SESSION_BYTES; offset += 4096 * 37) {
		struct kbm_message message = {
			.type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_ARENA + KBM_ARENA_MIN,
			.offset = offset,
		};
		int r = client_ask(test.client, &message, NULL, 0, NULL);

		bool inside = offset >= KBM_LINK_SIZE &&
			      offset + message.size <= SESSION_BYTES - KBM_SESSION_DATA;

		assert_true(inside ? r >= 0 : r == -EINVAL);
	}
}

static void a_new_daemon_goes_on(void **state)
{
	struct channel *before = test.channel;
	uint32_t kvm = open_kvm();

	(void)state;
	test.channel = NULL;
	assert_int_equal(channel_new(&size, &host, NULL, &device, &test.channel), 0);
	assert_int_equal(channel_start(test.channel), channel_start(before));
	channel_poll(test.channel);
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_SERVED);
	assert_int_equal(client_ioctl(test.client, kvm, KVM_GET_API_VERSION, 0), 12);
	channel_free(before);
	/* Its end, at teardown, is seen by the new one. */
}

/* What is looked at is in end_session(). */
static void a_lease_that_lasts_is_told(void **state)
{
	(void)state;
	test.end_error = -EIO;
}

static void a_busy_lease_is_tried_again(void **state)
{
	(void)state;
	test.end_busy = 3;
}

static void a_lease_is_ended_only_once(void **state)
{
	(void)state;
	test.end_error = -ENODEV;
}

static void a_new_daemon_ends_the_lease_too(void **state)
{
	(void)state;
	test.restart = true;
}

static void a_dead_control_bm_is_rung_no_more(void **state)
{
	uint64_t words[2] = { 1, 1 };

	(void)state;
	open_kvm();
	assert_int_equal(pwrite(test.lease_file, words, sizeof(words), 4096), sizeof(words));
	client_page()->words[0] = 4096;
	client_page()->words[1] = 4097;
	client_page()->nr_words = 1000;
	test.shared->client_doorbell = client_page()->doorbell;
	channel_control_bm_ended(test.channel);
	assert_int_equal(pread(test.lease_file, words, sizeof(words), 4096), sizeof(words));
	assert_int_equal(words[0], 0);
	assert_int_equal(words[1], 1);
	assert_int_equal(client_page()->doorbell, 0);
	assert_int_equal(test.shared->client_doorbell, 0);
	assert_int_equal(test.shared->host[0].state, KBM_SESSION_SERVED);
	client_page()->doorbell = KBM_DOORBELL_WORD((uint32_t)test.client_bell, 32);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_cross),
		TEST(descriptors_do_not_cross),
		TEST(an_irqfd_raises_interrupts),
		TEST(no_signal_is_lost_at_the_end_of_an_irqfd),
		TEST(events_are_given_back),
		TEST(odd_eventfds_are_refused),
		TEST(slots_lie_in_what_is_lent_to_the_session),
		TEST(run_pages_are_copies),
		TEST(a_signal_ends_a_run),
		TEST(no_wakeup_is_lost),
		TEST(a_vm_has_as_many_vcpus_as_is_said),
		TEST(rings_are_given_back),
		TEST(a_killed_twin_is_an_error),
		TEST(a_damaged_queue_ends_the_session),
		TEST(a_damaged_head_ends_the_session),
		TEST(odd_bits_wake_nobody),
		TEST(damaged_messages_get_answers),
		TEST(rings_on_odd_places),
		TEST(a_new_daemon_goes_on),
		TEST(a_lease_that_lasts_is_told),
		TEST(a_busy_lease_is_tried_again),
		TEST(a_lease_is_ended_only_once),
		TEST(a_new_daemon_ends_the_lease_too),
		TEST(a_dead_control_bm_is_rung_no_more),
	};

	/* Whoever does not answer fails the test, too. */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
