// SPDX-License-Identifier: GPL-2.0-or-later
#include "session.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "transport_kbm.h"

#define CHANNEL_BYTES	(16u << 20)
#define LEASE_BYTES	65536u
#define SANITIZER_STATUS 99

struct test test;

const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "exitcode=99";
}

/* A doorbell word's APIC ID is an eventfd here. */
int session_ring(int device, uint64_t word)
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
	.send = session_ring,
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
		.bell = session->bell, .send = session_ring,
	};

	(void)context;
	test.twin = fork();
	if (test.twin)
		return test.twin < 0 ? -errno : 0;
	if (twin_prepare(&setup))
		_exit(EXIT_FAILURE);
	twin_serve();
}

void session_twin_ended(void)
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

uint8_t *session_memory(void)
{
	return (uint8_t *)test.shared + test.shared->first_session;
}

struct kbm_session_client *session_client_page(void)
{
	return (void *)session_memory();
}

struct kbm_session_host *session_host_page(void)
{
	return (void *)(session_memory() + KBM_SESSION_HOST);
}

/* What the driver does for an open file, and at its end. */
static void change_sequence(void)
{
	test.shared->client[0].sequence++;
	session_ring(-1, test.shared->host_doorbell);
	channel_poll(test.channel);
}

static int begin_session(void)
{
	struct kbm_setup setup = {
		.bytes = SESSION_BYTES, .memory = session_memory(), .device = test.channel_file,
		.send = session_ring, .start = test.shared->first_session,
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
	session_client_page()->doorbell = KBM_DOORBELL_WORD((uint32_t)test.client_bell, 32);
	r = transport_kbm_client_new(&setup, &transport);
	return r ? r : client_new(transport, &test.client);
}

int session_setup(void **state)
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

struct channel *session_new_daemon(void)
{
	struct channel *before = test.channel;

	test.channel = NULL;
	assert_int_equal(channel_new(&size, &host, NULL, &device, &test.channel), 0);
	return before;
}

static void restart_daemon(void)
{
	channel_free(session_new_daemon());
	channel_poll(test.channel);
}

static void end_session(void)
{
	change_sequence();
	if (test.twin)
		session_twin_ended();
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

int session_teardown(void **state)
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

uint32_t open_kvm(void)
{
	int kvm = client_open_kvm(test.client);

	if (kvm == -ENOENT || kvm == -EACCES)
		skip();
	assert_true(kvm > 0);
	return (uint32_t)kvm;
}

uint32_t make(uint32_t on, unsigned long request, unsigned long argument)
{
	int handle = client_ioctl(test.client, on, request, argument);

	assert_true(handle > 0);
	return (uint32_t)handle;
}
