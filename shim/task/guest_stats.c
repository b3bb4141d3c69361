// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest_stats.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static uint64_t find(const Grpc__MemoryStats *memory, const char *key)
{
	for (size_t i = 0; i < memory->n_stats; i++)
		if (!strcmp(memory->stats[i]->key, key))
			return memory->stats[i]->value;
	return 0;
}

static void fill_cpu(const Grpc__CpuStats *from, struct stats_cpu *to)
{
	if (from && from->cpu_usage) {
		to->usage = from->cpu_usage->total_usage;
		to->user = from->cpu_usage->usage_in_usermode;
		to->system = from->cpu_usage->usage_in_kernelmode;
		to->per_cpu = from->cpu_usage->percpu_usage;
		to->nr_per_cpu = from->cpu_usage->n_percpu_usage;
	}
	if (from && from->throttling_data) {
		to->periods = from->throttling_data->periods;
		to->throttled_periods = from->throttling_data->throttled_periods;
		to->throttled = from->throttling_data->throttled_time;
	}
}

/* Lines of memory.stat, by their names in cgroup v2. */
static const struct {
	const char *key;
	size_t offset;
} memory_lines[] = {
	{ "anon", offsetof(struct stats_memory, anon) },
	{ "anon_thp", offsetof(struct stats_memory, anon_huge) },
	{ "file", offsetof(struct stats_memory, file) },
	{ "file_mapped", offsetof(struct stats_memory, file_mapped) },
	{ "file_dirty", offsetof(struct stats_memory, file_dirty) },
	{ "file_writeback", offsetof(struct stats_memory, file_writeback) },
	{ "shmem", offsetof(struct stats_memory, shmem) },
	{ "kernel_stack", offsetof(struct stats_memory, kernel_stack) },
	{ "slab", offsetof(struct stats_memory, slab) },
	{ "slab_reclaimable", offsetof(struct stats_memory, slab_reclaimable) },
	{ "slab_unreclaimable", offsetof(struct stats_memory, slab_unreclaimable) },
	{ "sock", offsetof(struct stats_memory, sock) },
	{ "inactive_anon", offsetof(struct stats_memory, inactive_anon) },
	{ "active_anon", offsetof(struct stats_memory, active_anon) },
	{ "inactive_file", offsetof(struct stats_memory, inactive_file) },
	{ "active_file", offsetof(struct stats_memory, active_file) },
	{ "unevictable", offsetof(struct stats_memory, unevictable) },
	{ "pgfault", offsetof(struct stats_memory, page_faults) },
	{ "pgmajfault", offsetof(struct stats_memory, major_page_faults) },
};

static void fill_memory(const Grpc__MemoryStats *from, struct stats *to)
{
	if (!from)
		return;
	for (size_t i = 0; i < sizeof(memory_lines) / sizeof(memory_lines[0]); i++)
		*(uint64_t *)((char *)&to->memory + memory_lines[i].offset) =
			find(from, memory_lines[i].key);
	if (from->usage) {
		to->memory.usage = from->usage->usage;
		to->memory.limit = from->usage->limit;
		to->memory.max_usage = from->usage->max_usage;
		to->memory.failures = from->usage->failcnt;
	}
	if (from->swap_usage) {
		to->memory.swap_usage = from->swap_usage->usage;
		to->memory.swap_limit = from->swap_usage->limit;
	}
	if (from->kernel_usage)
		to->memory.kernel_usage = from->kernel_usage->usage;
	to->events.low = find(from, "events.low");
	to->events.high = find(from, "events.high");
	to->events.max = find(from, "events.max");
	to->events.oom = find(from, "events.oom");
	to->events.oom_kill = find(from, "events.oom_kill");
}

/* The caller frees. */
static struct stats_io *make_io(const Grpc__BlkioStats *from, size_t *ret_nr)
{
	struct stats_io *rows;

	*ret_nr = 0;
	if (!from)
		return NULL;
	rows = must_calloc(
		(from->n_io_service_bytes_recursive + from->n_io_serviced_recursive + 1) *
		sizeof(*rows));
	for (size_t i = 0; i < from->n_io_service_bytes_recursive; i++) {
		const Grpc__BlkioStatsEntry *entry = from->io_service_bytes_recursive[i];
		struct stats_io *row = stats_io_row(rows, ret_nr, entry->major, entry->minor);

		if (!strcmp(entry->op, "Read"))
			row->read_bytes = entry->value;
		else if (!strcmp(entry->op, "Write"))
			row->written_bytes = entry->value;
	}
	for (size_t i = 0; i < from->n_io_serviced_recursive; i++) {
		const Grpc__BlkioStatsEntry *entry = from->io_serviced_recursive[i];
		struct stats_io *row = stats_io_row(rows, ret_nr, entry->major, entry->minor);

		if (!strcmp(entry->op, "Read"))
			row->reads = entry->value;
		else if (!strcmp(entry->op, "Write"))
			row->writes = entry->value;
	}
	return rows;
}

static struct stats_network *make_network(const Grpc__StatsContainerResponse *from)
{
	struct stats_network *rows = must_calloc((from->n_network_stats + 1) * sizeof(*rows));

	for (size_t i = 0; i < from->n_network_stats; i++) {
		const Grpc__NetworkStats *row = from->network_stats[i];

		rows[i] = (struct stats_network){
			.name = row->name,
			.rx_bytes = row->rx_bytes,
			.rx_packets = row->rx_packets,
			.rx_errors = row->rx_errors,
			.rx_dropped = row->rx_dropped,
			.tx_bytes = row->tx_bytes,
			.tx_packets = row->tx_packets,
			.tx_errors = row->tx_errors,
			.tx_dropped = row->tx_dropped,
		};
	}
	return rows;
}

void guest_stats_read(const Grpc__StatsContainerResponse *from, struct stats *ret)
{
	const Grpc__CgroupStats *cgroup = from->cgroup_stats;

	*ret = (struct stats){ .network = make_network(from), .nr_network = from->n_network_stats };
	if (!cgroup)
		return;
	fill_cpu(cgroup->cpu_stats, &ret->cpu);
	fill_memory(cgroup->memory_stats, ret);
	if (cgroup->pids_stats) {
		ret->pids = cgroup->pids_stats->current;
		ret->pids_limit = cgroup->pids_stats->limit;
	}
	ret->io = make_io(cgroup->blkio_stats, &ret->nr_io);
}

void guest_stats_done(struct stats *stats)
{
	free((void *)stats->network);
	free((void *)stats->io);
}
