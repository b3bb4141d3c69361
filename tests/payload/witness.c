/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "witness.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "message.h"
#include "payload_abi.h"
#include "vcpu.h"

#define LOOK_EVERY_NS	1000000
#define STALL_NS	3000000ULL
#define MAX_STALLS	4096

struct stall {
	uint64_t from_ns;
	uint64_t to_ns;
};

static struct witness {
	pthread_t thread;
	atomic_uint count;
	struct stall stalls[MAX_STALLS];	/* a ring */
} witnesses[PAYLOAD_MAX_CPUS];
static unsigned int nr_witnesses;
static atomic_bool stop;

static void *watch(void *argument)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_NS };
	struct witness *witness = argument;
	uint64_t last = now_ns();

	while (!atomic_load(&stop)) {
		unsigned int count = atomic_load(&witness->count);
		uint64_t now;

		nanosleep(&pause, NULL);
		now = now_ns();
		if (now - last > STALL_NS) {
			witness->stalls[count % MAX_STALLS] = (struct stall){ last, now };
			atomic_store(&witness->count, count + 1);
		}
		last = now;
	}
	return NULL;
}

static int start_on(unsigned int cpu)
{
	struct witness *witness = &witnesses[nr_witnesses];
	pthread_attr_t attributes;
	cpu_set_t set;
	int error;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	atomic_store(&witness->count, 0);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, sizeof(set), &set);
	error = pthread_create(&witness->thread, &attributes, watch, witness);
	pthread_attr_destroy(&attributes);
	if (error)
		return fail(-error, "witness on CPU %u", cpu);
	nr_witnesses++;
	return 0;
}

int witness_start(void)
{
	cpu_set_t online;
	int r = 0;

	atomic_store(&stop, false);
	sched_getaffinity(0, sizeof(online), &online);
	for (unsigned int cpu = 0; !r && cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &online) && nr_witnesses < PAYLOAD_MAX_CPUS)
			r = start_on(cpu);
	if (r)
		witness_stop();
	return r;
}

void witness_stop(void)
{
	atomic_store(&stop, true);
	while (nr_witnesses)
		pthread_join(witnesses[--nr_witnesses].thread, NULL);
}

bool witness_saw_stall(uint64_t from_ns, uint64_t to_ns)
{
	const struct timespec pause = { .tv_nsec = 20000000 };

	nanosleep(&pause, NULL);
	for (unsigned int i = 0; i < nr_witnesses; i++) {
		unsigned int count = atomic_load(&witnesses[i].count);

		for (unsigned int k = 0; k < count && k < MAX_STALLS; k++) {
			const struct stall *stall = &witnesses[i].stalls[k];

			if (stall->from_ns < to_ns && stall->to_ns > from_ns)
				return true;
		}
	}
	return false;
}
