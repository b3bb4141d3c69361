// SPDX-License-Identifier: GPL-2.0-or-later
/* A real twin in a child process, and clients that do not keep to the rules. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "message.h"
#include "packet.h"
#include "ring.h"
#include "transport_unix.h"
#include "twin.h"

static struct {
	pid_t pid;
	int socket;
	struct transport *transport;
	struct ring ring;
	uint64_t sequence;
} session;

static int ask(struct kbm_message *message, const int *fds, unsigned int nr)
{
	int got[KBM_MAX_FDS];

	if (message_send(session.socket, message, fds, nr) ||
	    message_receive(session.socket, message, got))
		return -EIO;
	for (unsigned int i = 0; i < KBM_MAX_FDS; i++) {
		if (got[i] >= 0)
			close(got[i]);
	}
	return message->result;
}

static int sealed_memory(size_t bytes, int seals)
{
	int fd = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	if (seals)
		assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

static void add_ring(void)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_RING, .size = KBM_RING_SIZE };
	void *memory;
	int fds[3] = { sealed_memory(KBM_RING_SIZE, F_SEAL_SHRINK), eventfd(0, EFD_NONBLOCK),
		       eventfd(0, EFD_NONBLOCK) };

	session.ring = (struct ring){
		.transport = session.transport, .peer_fd = fds[1], .own_fd = fds[2],
	};
	memory = mmap(NULL, KBM_RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	assert_true(memory != MAP_FAILED);
	assert_int_equal(ring_init(&session.ring, memory, KBM_RING_SIZE), 0);
	assert_true(ask(&message, fds, 3) >= 0);
	close(fds[0]);
}

static int open_device(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static _Noreturn void run_twin(int socket)
{
	struct twin_setup twin = {
		.socket = socket, .proc_fds = -1, .kvm = open_device("/dev/kvm"), .lease = -ENOENT,
	};

	if (twin_prepare(&twin))
		_exit(EXIT_FAILURE);
	twin_serve();
}

static int setup(void **state)
{
	struct kbm_message hello = {
		.type = KBM_MESSAGE_HELLO, .magic = KBM_WIRE_MAGIC, .version = KBM_WIRE_VERSION,
		.size = KBM_ARENA_SIZE,
	};
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	session.socket = pair[0];
	session.pid = fork();
	if (!session.pid) {
		close(pair[0]);
		run_twin(pair[1]);
	}
	close(pair[1]);
	if (transport_unix_new(pair[0], &session.transport))
		return -1;
	if (ask(&hello, NULL, 0))
		return -1;
	add_ring();
	return 0;
}

static int teardown(void **state)
{
	int status;

	(void)state;
	session.transport->ops->done(session.transport);
	munmap(session.ring.shared, KBM_RING_SIZE);
	close(session.ring.own_fd);
	close(session.ring.peer_fd);
	if (waitpid(session.pid, &status, 0) != session.pid)
		return -1;
	return WIFSIGNALED(status) ? -1 : 0;
}

static int64_t call(struct kbm_sqe sqe)
{
	struct kbm_cqe cqe;

	sqe.sequence = ++session.sequence;
	assert_int_equal(ring_submit(&session.ring, &sqe), 0);
	assert_int_equal(ring_wait_completion(&session.ring, session.socket, NULL, &cqe), 0);
	assert_int_equal(cqe.sequence, sqe.sequence);
	return cqe.result;
}

static int64_t open_kvm(void)
{
	int64_t handle = call((struct kbm_sqe){ .op = KBM_OP_OPEN, .request = KBM_OPEN_KVM });

	if (handle == -ENOENT || handle == -EACCES)
		skip();
	assert_true(handle > 0);
	return handle;
}

static int64_t call_ioctl(int64_t handle, uint64_t request, uint64_t value)
{
	return call((struct kbm_sqe){ .op = KBM_OP_IOCTL, .handle = (uint32_t)handle,
				      .request = request, .value = value });
}

static unsigned int twin_descriptors(void)
{
	unsigned int count = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", session.pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void only_kvm_opens(void **state)
{
	(void)state;
	assert_int_equal(call((struct kbm_sqe){ .op = KBM_OP_OPEN }), -ENOSYS);
	assert_int_equal(call((struct kbm_sqe){ .op = KBM_OP_OPEN, .request = 3 }), -ENOSYS);
	assert_int_equal(call((struct kbm_sqe){ .op = KBM_OP_OPEN, .request = 2 }), -ENOENT);
	assert_int_equal(call((struct kbm_sqe){ .op = 77 }), -ENOSYS);
	assert_int_equal(call((struct kbm_sqe){ .op = KBM_OP_OPEN, .reserved = 1 }), -EINVAL);
}

static void handles_have_kinds_and_ends(void **state)
{
	int64_t kvm = open_kvm(), vm = call_ioctl(kvm, KVM_CREATE_VM, 0);

	(void)state;
	assert_true(vm > 0);
	assert_int_equal(call_ioctl(kvm, KVM_GET_API_VERSION, 0), 12);
	assert_int_equal(call_ioctl(vm, KVM_GET_API_VERSION, 0), -ENOTTY);
	assert_int_equal(call_ioctl(kvm, 0x1234, 0), -ENOTTY);
	assert_int_equal(call((struct kbm_sqe){ .op = KBM_OP_CLOSE, .handle = (uint32_t)kvm }), 0);
	assert_int_equal(call_ioctl(kvm, KVM_GET_API_VERSION, 0), -EBADF);
	/* Its place is used again, its name is not. */
	assert_true(open_kvm() != kvm);
}

/* Each field of a good entry with values at the edges: an answer each time. */
static void damaged_entries_get_answers(void **state)
{
	static const uint32_t values[] = { 0, 1, 7, 4096, KBM_ARENA_SIZE - 8, KBM_ARENA_SIZE,
					   0x7fffffff, 0x80000000, 0xffffffff };
	struct kvm_userspace_memory_region *region = (void *)ring_arena(&session.ring);
	int64_t kvm = open_kvm(), vm = call_ioctl(kvm, KVM_CREATE_VM, 0);
	struct kbm_sqe good = { .op = KBM_OP_IOCTL, .handle = (uint32_t)vm,
				.request = KVM_SET_USER_MEMORY_REGION, .length = sizeof(*region) };
	unsigned int before = twin_descriptors();

	(void)state;
	*region = (struct kvm_userspace_memory_region){ .memory_size = 4096 };
	for (size_t at = 0; at < sizeof(good); at += 4) {
		for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
			struct kbm_sqe sqe = good;

			if ((at == offsetof(struct kbm_sqe, op) && values[i] <= _KBM_OP_MAX) ||
			    at == offsetof(struct kbm_sqe, turn))
				continue;
			memcpy((uint8_t *)&sqe + at, &values[i], sizeof(values[i]));
			assert_true(call(sqe) < 0);
		}
	}
	assert_int_equal(twin_descriptors(), before);
	assert_int_equal(call_ioctl(kvm, KVM_GET_API_VERSION, 0), 12);
}

static void memory_is_named_within_its_bounds(void **state)
{
	struct kvm_userspace_memory_region *region = (void *)ring_arena(&session.ring);
	int64_t vm = call_ioctl(open_kvm(), KVM_CREATE_VM, 0);
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_MEMORY, .size = 8192 };
	struct kbm_sqe sqe = { .op = KBM_OP_IOCTL, .handle = (uint32_t)vm,
			       .request = KVM_SET_USER_MEMORY_REGION, .length = sizeof(*region) };
	int fd = sealed_memory(8192, F_SEAL_SHRINK), handle = ask(&message, &fd, 1);

	(void)state;
	close(fd);
	assert_true(handle > 0);
	sqe.memory = (uint32_t)handle;
	*region = (struct kvm_userspace_memory_region){ .memory_size = 8192,
							.userspace_addr = 4096 };
	assert_int_equal(call(sqe), -EINVAL);
	region->userspace_addr = UINT64_MAX - 4095;
	assert_int_equal(call(sqe), -EINVAL);
	region->userspace_addr = 0;
	sqe.memory++;
	assert_int_equal(call(sqe), -EBADF);
	sqe.memory--;
	assert_int_equal(call(sqe), 0);
}

static void damaged_messages_get_answers(void **state)
{
	unsigned int before = twin_descriptors();
	int fds[3] = { open("/dev/null", O_RDWR), open("/dev/null", O_RDWR),
		       open("/dev/null", O_RDWR) };

	(void)state;
	for (uint32_t type = 0; type < _KBM_MESSAGE_MAX + 2; type++) {
		for (unsigned int nr = 0; nr <= 3; nr++) {
			struct kbm_message message = { .type = type, .size = 4096,
						       .handle = UINT32_MAX };

			if (type != KBM_MESSAGE_CANCEL)
				assert_true(ask(&message, fds, nr) < 0);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		close(fds[i]);
	assert_int_equal(twin_descriptors(), before);
}

static int add_memory(int fd, uint64_t offset, uint64_t size)
{
	struct kbm_message message = {
		.type = KBM_MESSAGE_ADD_MEMORY, .offset = offset, .size = size,
	};

	return ask(&message, &fd, 1);
}

static void memory_lies_in_a_regular_file(void **state)
{
	int file = sealed_memory(8192, 0), device = open("/dev/zero", O_RDWR | O_CLOEXEC);

	(void)state;
	assert_true(add_memory(file, 4096, 4096) > 0);
	assert_int_equal(add_memory(file, 4096, 8192), -EINVAL);
	assert_int_equal(add_memory(file, 8192, 4096), -EINVAL);
	assert_int_equal(add_memory(file, 1, 4096), -EINVAL);
	assert_int_equal(add_memory(file, -4096ULL, 8192), -EINVAL);
	assert_int_equal(add_memory(file, 0, 100), -EINVAL);
	assert_int_equal(add_memory(device, 0, 4096), -EINVAL);
	close(file);
	close(device);
}

#define DIRTY_BYTES	65536u

static int64_t enable_dirty_rings(int64_t vm)
{
	struct kvm_enable_cap *cap = (void *)ring_arena(&session.ring);

	*cap = (struct kvm_enable_cap){ .cap = KVM_CAP_DIRTY_LOG_RING, .args = { DIRTY_BYTES } };
	return call((struct kbm_sqe){ .op = KBM_OP_IOCTL, .handle = (uint32_t)vm,
				      .request = KVM_ENABLE_CAP, .length = sizeof(*cap) });
}

static int add_dirty(int64_t vcpu, uint64_t bytes, int seals)
{
	struct kbm_message message = {
		.type = KBM_MESSAGE_ADD_DIRTY, .handle = (uint32_t)vcpu, .size = bytes,
	};
	int fd = sealed_memory(DIRTY_BYTES, seals), r = ask(&message, &fd, 1);

	close(fd);
	return r;
}

static void a_copy_of_a_dirty_ring_is_as_large(void **state)
{
	int64_t kvm = open_kvm(), vm = call_ioctl(kvm, KVM_CREATE_VM, 0), vcpu, other;

	(void)state;
	/* This client does not offer the feature. */
	assert_int_equal(call_ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_DIRTY_LOG_RING), 0);
	if (enable_dirty_rings(vm) < 0)
		skip();
	vcpu = call_ioctl(vm, KVM_CREATE_VCPU, 0);
	other = call_ioctl(call_ioctl(kvm, KVM_CREATE_VM, 0), KVM_CREATE_VCPU, 0);
	assert_true(vcpu > 0 && other > 0);
	assert_int_equal(add_dirty(vcpu, DIRTY_BYTES / 2, F_SEAL_SHRINK), -EINVAL);
	assert_int_equal(add_dirty(vcpu, 2 * DIRTY_BYTES, F_SEAL_SHRINK), -EINVAL);
	assert_int_equal(add_dirty(vcpu, DIRTY_BYTES, 0), -EINVAL);
	assert_int_equal(add_dirty(vm, DIRTY_BYTES, F_SEAL_SHRINK), -EBADF);
	assert_int_equal(add_dirty(other, DIRTY_BYTES, F_SEAL_SHRINK), -ENODEV);
	assert_int_equal(add_dirty(vcpu, DIRTY_BYTES, F_SEAL_SHRINK), 0);
	assert_int_equal(add_dirty(vcpu, DIRTY_BYTES, F_SEAL_SHRINK), -EEXIST);
	assert_int_equal(call_ioctl(vm, KVM_RESET_DIRTY_RINGS, 0), 0);
}

static void a_damaged_turn_ends_the_session(void **state)
{
	struct kbm_sqe *entries = (void *)((uint8_t *)session.ring.shared + KBM_RING_SQ);
	struct kbm_cqe cqe;

	(void)state;
	entries[0].turn = 1000;
	ring_signal(session.ring.peer_fd);
	assert_int_equal(ring_wait_completion(&session.ring, session.socket, NULL, &cqe), -EIO);
}

static void a_short_message_ends_the_session(void **state)
{
	struct kbm_message message = { .type = KBM_MESSAGE_HELLO };
	int got[KBM_MAX_FDS];

	(void)state;
	assert_int_equal(send(session.socket, "x", 1, 0), 1);
	assert_int_equal(message_receive(session.socket, &message, got), -EIO);
}

static void too_many_descriptors_end_the_session(void **state)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_EVENTFD };
	int fds[KBM_MAX_FDS + 1], got[KBM_MAX_FDS];
	siginfo_t end;

	(void)state;
	for (unsigned int i = 0; i <= KBM_MAX_FDS; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(packet_send(session.socket, &message, sizeof(message), fds,
				     KBM_MAX_FDS + 1), 0);
	assert_int_equal(message_receive(session.socket, &message, got), -EIO);
	/* By itself, and not by a sanitizer. */
	assert_int_equal(waitid(P_PID, (id_t)session.pid, &end, WEXITED | WNOWAIT), 0);
	assert_int_equal(end.si_status, EXIT_SUCCESS);
	for (unsigned int i = 0; i <= KBM_MAX_FDS; i++)
		close(fds[i]);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_kvm_opens),
		TEST(handles_have_kinds_and_ends),
		TEST(damaged_entries_get_answers),
		TEST(memory_is_named_within_its_bounds),
		TEST(damaged_messages_get_answers),
		TEST(memory_lies_in_a_regular_file),
		TEST(a_copy_of_a_dirty_ring_is_as_large),
		TEST(a_damaged_turn_ends_the_session),
		TEST(a_short_message_ends_the_session),
		TEST(too_many_descriptors_end_the_session),
	};

	/* A twin that does not answer fails the test, too. */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
