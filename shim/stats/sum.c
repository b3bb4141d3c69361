// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats/sum.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* "No limit" and what is added to it. */
static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Of a part that has nothing but numbers. */
static void add_numbers(void *to, const void *from, size_t size)
{
	uint64_t *sums = to;
	const uint64_t *numbers = from;

	for (size_t i = 0; i < size / sizeof(*sums); i++)
		sums[i] = add(sums[i], numbers[i]);
}

/* Room for @nr rows, of which @old are there, in place of @rows. NULL: no memory. */
static void *grow(const void *rows, size_t old, size_t nr, size_t size)
{
	char *more = reallocarray((void *)(uintptr_t)rows, nr + 1, size);

	if (more)
		memset(more + old * size, 0, (nr - old) * size);
	return more;
}

static int add_per_cpu(struct stats_cpu *to, const struct stats_cpu *from)
{
	size_t nr = from->nr_per_cpu > to->nr_per_cpu ? from->nr_per_cpu : to->nr_per_cpu;
	uint64_t *rows = grow(to->per_cpu, to->nr_per_cpu, nr, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	add_numbers(rows, from->per_cpu, from->nr_per_cpu * sizeof(*rows));
	to->per_cpu = rows;
	to->nr_per_cpu = nr;
	return 0;
}

static void add_cpu(struct stats_cpu *to, const struct stats_cpu *from)
{
	to->usage = add(to->usage, from->usage);
	to->user = add(to->user, from->user);
	to->system = add(to->system, from->system);
	to->periods = add(to->periods, from->periods);
	to->throttled_periods = add(to->throttled_periods, from->throttled_periods);
	to->throttled = add(to->throttled, from->throttled);
}

static int add_io(struct stats *to, const struct stats *from)
{
	struct stats_io *rows = grow(to->io, to->nr_io, to->nr_io + from->nr_io, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	to->io = rows;
	for (size_t i = 0; i < from->nr_io; i++) {
		const struct stats_io *more = &from->io[i];
		struct stats_io *row = stats_io_row(rows, &to->nr_io, more->major, more->minor);

		row->read_bytes = add(row->read_bytes, more->read_bytes);
		row->written_bytes = add(row->written_bytes, more->written_bytes);
		row->reads = add(row->reads, more->reads);
		row->writes = add(row->writes, more->writes);
	}
	return 0;
}

static void free_network(struct stats *stats)
{
	for (size_t i = 0; i < stats->nr_network; i++)
		free((void *)(uintptr_t)stats->network[i].name);
	free((void *)(uintptr_t)stats->network);
	stats->network = NULL;
	stats->nr_network = 0;
}

static int copy_network(struct stats *to, const struct stats *from)
{
	struct stats_network *rows = calloc(from->nr_network + 1, sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	free_network(to);
	to->network = rows;
	for (size_t i = 0; i < from->nr_network; i++) {
		rows[i] = from->network[i];
		rows[i].name = strdup(from->network[i].name);
		to->nr_network++;
		if (!rows[i].name)
			return -ENOMEM;
	}
	return 0;
}

int stats_sum_add(struct stats_sum *sum, const struct stats *more)
{
	struct stats *stats = &sum->stats;
	bool has_limit = (!sum->nr_added || stats->pids_limit) && more->pids_limit;
	int r;

	add_cpu(&stats->cpu, &more->cpu);
	add_numbers(&stats->memory, &more->memory, sizeof(stats->memory));
	add_numbers(&stats->events, &more->events, sizeof(stats->events));
	stats->pids = add(stats->pids, more->pids);
	/* 0 is no limit, too. */
	stats->pids_limit = has_limit ? add(stats->pids_limit, more->pids_limit) : 0;
	sum->nr_added++;
	r = add_per_cpu(&stats->cpu, &more->cpu);
	if (r == 0)
		r = add_io(stats, more);
	if (r == 0)
		r = copy_network(stats, more);
	return r;
}

void stats_sum_done(struct stats_sum *sum)
{
	free((void *)(uintptr_t)sum->stats.cpu.per_cpu);
	free((void *)(uintptr_t)sum->stats.io);
	free_network(&sum->stats);
	*sum = (struct stats_sum){ 0 };
}
