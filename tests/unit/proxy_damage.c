// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each ioctl of the table, with each field of its entry and each field of its
 * payload that the proxy itself uses damaged: an answer each time, and no
 * descriptor too many. A real twin, on this machine's KVM.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/kvm.h>

#include "ioctl_table.h"
#include "message.h"
#include "session.h"
#include "twin.h"

#define NR(list)	(sizeof(list) / sizeof((list)[0]))

static const uint32_t edges[] = { 0, 1, 7, 8, 4096, KBM_ARENA_SIZE - 8, KBM_ARENA_SIZE, 0x7fffffff,
				  0x80000000, 0xfffffff8, 0xffffffff };

static struct session session;
static pid_t twin;
static int64_t kvm, vm, vcpu;
static unsigned long calls, refused;

static _Noreturn void run_twin(int socket)
{
	struct twin_setup setup = { .socket = socket, .proc_fds = -1, .lease = -ENOENT };

	setup.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (setup.kvm < 0)
		setup.kvm = -errno;
	if (twin_prepare(&setup))
		_exit(EXIT_FAILURE);
	twin_serve();
}

static int setup(void **state)
{
	int pair[2];

	(void)state;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -1;
	twin = fork();
	if (!twin) {
		close(pair[0]);
		run_twin(pair[1]);
	}
	close(pair[1]);
	session_begin(&session, pair[0]);
	kvm = session_open_kvm(&session);
	return 0;
}

static int teardown(void **state)
{
	int status;

	(void)state;
	shutdown(session.socket, SHUT_RDWR);
	if (waitpid(twin, &status, 0) != twin)
		return -1;
	print_message("%lu damaged calls, %lu refused\n", calls, refused);
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -1;
}

static unsigned int twin_descriptors(void)
{
	unsigned int count = 0;
	char path[64];
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/fd", twin);
	folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void close_handle(int64_t handle)
{
	assert_int_equal(session_call(&session, (struct kbm_sqe){
		.op = KBM_OP_CLOSE, .handle = (uint32_t)handle }), 0);
}

static void make_objects(void)
{
	vm = session_ioctl(&session, kvm, KVM_CREATE_VM, NULL, 0, 0);
	assert_true(vm > 0);
	vcpu = session_ioctl(&session, vm, KVM_CREATE_VCPU, NULL, 0, 0);
	assert_true(vcpu > 0);
}

static void close_objects(void)
{
	close_handle(vcpu);
	close_handle(vm);
}

/* One call; what it gives goes back. */
static void call_damaged(const struct ioctl_row *row, const struct kbm_sqe *sqe)
{
	int64_t r = session_call(&session, *sqe);

	assert_int_not_equal(r, -EIO);
	calls++;
	if (r < 0)
		refused++;
	else if (sqe->op == KBM_OP_IOCTL && sqe->request == row->request && row->returns)
		close_handle(r);
}

static struct kbm_sqe good_entry(const struct ioctl_row *row)
{
	int64_t handle = row->on & ON_VCPU ? vcpu : row->on & ON_VM ? vm : kvm;

	return (struct kbm_sqe){
		.op = KBM_OP_IOCTL, .handle = (uint32_t)handle, .request = row->request,
		.length = row->size,
	};
}

/* Not those that go well with an edge: another op, and no handle of its own. */
static bool is_edge(size_t at, uint32_t value)
{
	if (at == offsetof(struct kbm_sqe, op))
		return value > _KBM_OP_MAX;
	return at != offsetof(struct kbm_sqe, turn);
}

static void damage_entry(const struct ioctl_row *row)
{
	for (size_t at = 0; at < sizeof(struct kbm_sqe); at += 4) {
		for (unsigned int i = 0; i < NR(edges); i++) {
			struct kbm_sqe sqe = good_entry(row);

			if (!is_edge(at, edges[i]))
				continue;
			memcpy((uint8_t *)&sqe + at, &edges[i], 4);
			memset(ring_arena(&session.ring), 0, row->size);
			call_damaged(row, &sqe);
		}
	}
}

/* All kinds of handles but its own. */
static void damage_kind(const struct ioctl_row *row)
{
	const int64_t handles[] = { kvm, vm, vcpu };
	const uint32_t kinds[] = { ON_KVM, ON_VM, ON_VCPU };

	for (unsigned int i = 0; i < NR(handles); i++) {
		struct kbm_sqe sqe = good_entry(row);

		if (row->on & kinds[i])
			continue;
		sqe.handle = (uint32_t)handles[i];
		assert_int_equal(session_call(&session, sqe), -ENOTTY);
	}
}

static void damage_word(const struct ioctl_row *row, uint32_t at)
{
	struct kbm_sqe sqe = good_entry(row);
	uint8_t *payload = ring_arena(&session.ring);

	if (at + 4 > row->size)
		return;
	for (unsigned int i = 0; i < NR(edges); i++) {
		memset(payload, 0, row->size);
		memcpy(payload + at, &edges[i], 4);
		call_damaged(row, &sqe);
		/* With what would be a pointer's upper half, too. */
		if (at + 8 > row->size)
			continue;
		memset(payload, 0, row->size);
		memset(payload + at, 0xff, 8);
		call_damaged(row, &sqe);
	}
}

/* Counts, pointers, descriptors, conditions: what the proxy looks at. */
static void damage_payload(const struct ioctl_row *row)
{
	if (row->element)
		damage_word(row, row->count_at);
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		const struct ioctl_field *field = &row->fields[i];

		if (field->kind == FIELD_NONE)
			continue;
		damage_word(row, field->offset);
		damage_word(row, field->length);
		for (unsigned int j = 0; j < FIELD_CONDITIONS; j++)
			damage_word(row, field->when[j].at);
	}
}

static void each_entry_damaged_has_an_answer(void **state)
{
	const struct ioctl_row *row;
	unsigned int before, rows = 0;

	(void)state;
	if (kvm == -ENOENT || kvm == -EACCES)
		skip();
	before = twin_descriptors();
	for (unsigned int i = 0; (row = ioctl_row_at(i)); i++) {
		/* A vCPU that runs may not end. A lease is not here. */
		if (row->flags & ROW_RUN || !(row->on & (ON_KVM | ON_VM | ON_VCPU)))
			continue;
		make_objects();
		damage_entry(row);
		damage_kind(row);
		damage_payload(row);
		close_objects();
		if (twin_descriptors() != before)
			fail_msg("%s: %u descriptors, before: %u", row->name, twin_descriptors(),
				 before);
		rows++;
	}
	print_message("%u ioctls\n", rows);
	assert_int_equal(session_ioctl(&session, kvm, KVM_GET_API_VERSION, NULL, 0, 0), 12);
}

/* With one descriptor of the wrong kind, so that none is taken for good. */
static void damage_message(uint32_t type, size_t at, uint32_t value)
{
	struct kbm_message message = { .type = type, .size = 4096, .handle = 1 };
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC), r;

	memcpy((uint8_t *)&message + at, &value, 4);
	r = session_ask(&session, &message, &fd, 1);
	close(fd);
	assert_int_not_equal(r, -EIO);
	calls++;
	refused += r < 0;
	/* Only hello has nothing that this makes impossible. */
	assert_true(r < 0 || message.type == KBM_MESSAGE_HELLO);
}

static void each_message_damaged_has_an_answer(void **state)
{
	unsigned int before = twin_descriptors();

	(void)state;
	for (uint32_t type = 0; type <= _KBM_MESSAGE_MAX; type++) {
		if (type == KBM_MESSAGE_CANCEL)
			continue;
		for (size_t at = 4; at < sizeof(struct kbm_message); at += 4) {
			for (unsigned int i = 0; i < NR(edges); i++)
				damage_message(type, at, edges[i]);
		}
	}
	assert_int_equal(twin_descriptors(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_entry_damaged_has_an_answer),
		cmocka_unit_test(each_message_damaged_has_an_answer),
	};

	/* A twin that does not answer fails the test, too. */
	alarm(110);
	return cmocka_run_group_tests(tests, setup, teardown);
}
