/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kicks.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cleanup.h"
#include "message.h"

#define LOST_AFTER_S	5
#define MAX_PAUSE_NS	2000000U

static int compare(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

/* Every fourth kick follows at once. */
static void pause_before(unsigned int kick, unsigned int *seed)
{
	struct timespec pause = { .tv_nsec = (long)((unsigned int)rand_r(seed) % MAX_PAUSE_NS) };

	if (kick % 4)
		nanosleep(&pause, NULL);
}

static int kick_once(struct machine *machine, uint64_t *ret_ns)
{
	struct vcpu *vcpu = &machine->vcpus[0];
	struct timespec limit;
	uint64_t start = now_ns();

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += LOST_AFTER_S;
	atomic_store(&vcpu->kick_wanted, true);
	vcpu_interrupt(vcpu);
	while (sem_timedwait(&machine->kicked, &limit)) {
		if (errno != EINTR)
			return -errno;
	}
	*ret_ns = atomic_load(&vcpu->kick_returned_ns) - start;
	return 0;
}

static void summarize(uint64_t *ns, struct kicks *kicks)
{
	unsigned int count = kicks->arrived;

	if (!count)
		return;
	qsort(ns, count, sizeof(*ns), compare);
	for (unsigned int i = 0; i < count; i++)
		kicks->late += ns[i] > KICK_LIMIT_NS;
	kicks->min_ns = ns[0];
	kicks->median_ns = ns[count / 2];
	kicks->p99_ns = ns[count - 1 - count / 100];
	kicks->max_ns = ns[count - 1];
}

int kicks_measure(struct machine *machine, unsigned int count, struct kicks *ret_kicks)
{
	cleanup_free uint64_t *ns = calloc(count, sizeof(*ns));
	struct kicks kicks = { .wanted = count };
	unsigned int seed = 1;
	int r = 0;

	if (!ns)
		return fail(-ENOMEM, "%u kicks", count);
	while (!r && kicks.arrived < count) {
		pause_before(kicks.arrived, &seed);
		r = kick_once(machine, &ns[kicks.arrived]);
		if (!r)
			kicks.arrived++;
	}
	if (r)
		fail(r, "kick %u of %u was lost", kicks.arrived + 1, count);
	summarize(ns, &kicks);
	*ret_kicks = kicks;
	return 0;
}
