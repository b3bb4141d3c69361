/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Null system call, pipe ping-pong, fork of a process with large page tables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define CALLS		1000	/* null system calls a sample */
#define ROUNDS		100	/* round trips a sample */
#define FORK_BYTES	(64UL << 20)

int bench_syscall(struct samples *samples, int cpu, int peer)
{
	int r = pin(cpu);

	(void)peer;
	while (!r && samples->count < samples->size) {
		uint64_t start = now_ns();

		for (unsigned int i = 0; i < CALLS; i++)
			syscall(SYS_getppid);
		samples_add(samples, (now_ns() - start) / CALLS);
	}
	return r;
}

/* Send back each byte until the other end is closed. */
static void echo(int from, int to)
{
	char byte;

	while (read(from, &byte, 1) == 1)
		if (write(to, &byte, 1) != 1)
			break;
	_exit(0);
}

static int round_trips(struct samples *samples, int from, int to)
{
	while (samples->count < samples->size) {
		uint64_t start = now_ns();
		char byte = 0;

		for (unsigned int i = 0; i < ROUNDS; i++)
			if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
				return -EIO;
		samples_add(samples, (now_ns() - start) / ROUNDS);
	}
	return 0;
}

static pid_t start_echo(const int there[2], const int back[2], int cpu)
{
	pid_t child = fork();

	if (!child) {
		close(there[1]);
		close(back[0]);
		pin(cpu);
		echo(there[0], back[1]);
	}
	return child < 0 ? -errno : child;
}

static void close_both(const int ends[2])
{
	close(ends[0]);
	close(ends[1]);
}

static int ping_pong_over(struct samples *samples, const int there[2], const int back[2], int other)
{
	pid_t child = start_echo(there, back, other);

	return child < 0 ? child : round_trips(samples, back[0], there[1]);
}

static int ping_pong(struct samples *samples, int cpu, int other)
{
	int there[2], back[2];
	int r = pin(cpu);

	if (r)
		return r;
	if (pipe(there))
		return -errno;
	if (pipe(back)) {
		r = -errno;
		close_both(there);
		return r;
	}
	r = ping_pong_over(samples, there, back, other);
	close_both(there);
	close_both(back);
	/* The other side has seen the end of its pipe. */
	while (wait(NULL) > 0)
		;
	return r;
}

int bench_pipe(struct samples *samples, int cpu, int peer)
{
	(void)peer;
	return ping_pong(samples, cpu, cpu);
}

int bench_pipe_cross(struct samples *samples, int cpu, int peer)
{
	return peer < 0 ? 0 : ping_pong(samples, cpu, peer);
}

/* Each small page has an entry to be copied. */
int bench_fork(struct samples *samples, int cpu, int peer)
{
	void *memory = mmap(NULL, FORK_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int r = pin(cpu);

	(void)peer;
	if (memory == MAP_FAILED)
		return -errno;
	madvise(memory, FORK_BYTES, MADV_NOHUGEPAGE);
	memset(memory, 1, FORK_BYTES);
	while (!r && samples->count < samples->size) {
		uint64_t start = now_ns();
		pid_t child = fork();

		if (!child)
			_exit(0);
		if (child < 0)
			r = -errno;
		else
			waitpid(child, NULL, 0);
		samples_add(samples, now_ns() - start);
	}
	munmap(memory, FORK_BYTES);
	return r;
}
