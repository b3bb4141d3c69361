// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faults-client FAULT SOCKET: a client of kbm-proxyd that does not behave.
 *
 *   silent    connects and says nothing; ends when the other side does
 *   half      half a message
 *   stop      is gone (SIGKILL) while its guest runs and a call is under way
 *   flood     sends without taking answers, until there is no room; then ends
 *   calls     submits more calls than a ring has room for
 *   rewrite   rewrites its calls and their payload while they are read
 *   many      200 sessions with a VM each, at the same time
 *
 * Ends with 0 when the other side did what it should; says so if it did not.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/kvm.h>

#include "session.h"

#define MANY		200
#define REWRITES	20000
/* 0x10000: where the guest's code and memory are. */
#define GUEST		65536u

static int64_t make_vm(struct session *session)
{
	return session_ioctl(session, session_open_kvm(session), KVM_CREATE_VM, NULL, 0, 0);
}

/* A vCPU that spins for ever, in 16-bit code at 0. */
static int64_t make_spinner(struct session *session)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_MEMORY, .size = GUEST };
	struct kvm_userspace_memory_region region = { .memory_size = GUEST };
	struct kvm_regs regs = { .rflags = 2 };
	int64_t vm = make_vm(session), vcpu;
	struct kvm_sregs sregs;
	uint8_t *guest;
	int fd = sealed_memory(GUEST, (void **)&guest), memory;

	guest[0] = 0xeb;	/* jmp . */
	guest[1] = 0xfe;
	memory = session_ask(session, &message, &fd, 1);
	if (session_ioctl(session, vm, KVM_SET_USER_MEMORY_REGION, &region, sizeof(region), memory))
		errx(EXIT_FAILURE, "no slot");
	vcpu = session_ioctl(session, vm, KVM_CREATE_VCPU, NULL, 0, 0);
	session_ioctl(session, vcpu, KVM_GET_SREGS, &sregs, sizeof(sregs), 0);
	memcpy(&sregs, ring_arena(&session->ring), sizeof(sregs));
	sregs.cs.base = sregs.cs.selector = 0;
	session_ioctl(session, vcpu, KVM_SET_SREGS, &sregs, sizeof(sregs), 0);
	if (session_ioctl(session, vcpu, KVM_SET_REGS, &regs, sizeof(regs), 0))
		errx(EXIT_FAILURE, "no vCPU");
	return vcpu;
}

/* The other side ends the session, and does it soon. */
static void expect_end(int fd, int seconds)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

	if (poll(&poll_fd, 1, seconds * 1000) != 1 || !(poll_fd.revents & (POLLRDHUP | POLLHUP)))
		errx(EXIT_FAILURE, "the session did not end");
}

static void be_silent(const char *path)
{
	expect_end(session_connect(path), 20);
}

static void send_half(const char *path)
{
	struct kbm_message hello = { .type = KBM_MESSAGE_HELLO };
	int fd = session_connect(path);

	if (send(fd, &hello, sizeof(hello) / 2, MSG_NOSIGNAL) < 0)
		err(EXIT_FAILURE, "send");
	expect_end(fd, 10);
}

static _Noreturn void stop_in_the_middle(const char *path)
{
	struct session session;
	int64_t vcpu;

	session_begin(&session, session_connect(path));
	vcpu = make_spinner(&session);
	session_submit(&session, (struct kbm_sqe){ .op = KBM_OP_IOCTL, .handle = (uint32_t)vcpu,
					   .request = KVM_RUN });
	/* Until it runs, and another call is before it in the kernel. */
	usleep(20000);
	kill(getpid(), SIGKILL);
	_exit(EXIT_FAILURE);
}

static void flood(const char *path)
{
	struct kbm_message message = { .type = KBM_MESSAGE_GET_FD };
	struct session session;
	unsigned long sent = 0;

	session_begin(&session, session_connect(path));
	fcntl(session.socket, F_SETFL, O_NONBLOCK);
	/* The twin stops reading while nobody takes its answers: that is all. */
	for (int idle = 0; idle < 20; ) {
		if (send(session.socket, &message, sizeof(message), MSG_NOSIGNAL) > 0)
			sent++, idle = 0;
		else if (errno == EAGAIN)
			usleep(1000), idle++;
		else
			err(EXIT_FAILURE, "send");
	}
	printf("%lu messages without an answer taken\n", sent);
}

static void flood_calls(const char *path)
{
	struct session session;
	struct kbm_sqe sqe = { .op = KBM_OP_CLOSE, .handle = 77 };
	int64_t r = 0;

	session_begin(&session, session_connect(path));
	/* Behind the ring's back: as if each entry were free. */
	for (unsigned int i = 0; i < 100000; i++) {
		session.ring.cq = session.ring.sq;
		sqe.sequence = i;
		r = ring_submit(&session.ring, &sqe);
		if (r)
			break;
	}
	usleep(10000);
	/* It is there for others; this session may have ended. */
}

static volatile bool enough;

/* Bits of entries, but for their first word and their turn, and of payload. */
static void *rewrite(void *argument)
{
	const struct session *session = argument;
	volatile uint32_t *words = (volatile uint32_t *)session->ring.shared;
	const uint32_t entry = sizeof(struct kbm_sqe) / 4;
	uint64_t state = 88172645463325252ull;

	while (!enough) {
		uint32_t at, bit;

		state ^= state << 13, state ^= state >> 7, state ^= state << 17;
		at = (uint32_t)(state >> 8) % (KBM_RING_ENTRIES * entry);
		bit = 1u << (state >> 59);
		if (state % 2)
			words[KBM_RING_ARENA / 4 + at] ^= bit;
		else if (at % entry != 0 && at % entry != entry - 1)
			words[KBM_RING_SQ / 4 + at] ^= bit;
	}
	return NULL;
}

/* Each call has an answer; which one, nobody knows. */
static void rewrite_calls(const char *path)
{
	struct kvm_regs regs = { .rflags = 2 };
	unsigned int errors = 0;
	struct session session;
	pthread_t thread;
	int64_t vcpu, r;

	session_begin(&session, session_connect(path));
	vcpu = session_ioctl(&session, make_vm(&session), KVM_CREATE_VCPU, NULL, 0, 0);
	if (vcpu < 0 || pthread_create(&thread, NULL, rewrite, &session))
		errx(EXIT_FAILURE, "no vCPU");
	for (unsigned int i = 0; i < REWRITES; i++) {
		r = session_ioctl(&session, vcpu, i % 2 ? KVM_SET_REGS : KVM_GET_REGS, &regs,
			       sizeof(regs), 0);
		if (r == -EIO)
			errx(EXIT_FAILURE, "the session ended after %u calls", i);
		errors += r < 0;
	}
	enough = true;
	pthread_join(thread, NULL);
	printf("%u calls rewritten, %u refused\n", REWRITES, errors);
}

static void start_many(const char *path)
{
	static struct session sessions[MANY];

	for (unsigned int i = 0; i < MANY; i++) {
		session_begin(&sessions[i], session_connect(path));
		if (make_vm(&sessions[i]) < 0)
			errx(EXIT_FAILURE, "no VM in session %u", i);
	}
	printf("%u sessions\n", MANY);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *path);
	} faults[] = {
		{ "silent", be_silent }, { "half", send_half }, { "stop", stop_in_the_middle },
		{ "flood", flood }, { "calls", flood_calls }, { "rewrite", rewrite_calls },
		{ "many", start_many },
	};

	for (unsigned int i = 0; argc == 3 && i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (!strcmp(faults[i].name, argv[1])) {
			alarm(60);
			faults[i].run(argv[2]);
			return EXIT_SUCCESS;
		}
	}
	errx(2, "usage: faults-client silent|half|stop|flood|calls|rewrite|many SOCKET");
}
