// SPDX-License-Identifier: GPL-2.0-or-later
/* io.containerd.cgroups.v1.Metrics: times in nanoseconds, swap counted with memory. */
#include <errno.h>
#include <stdlib.h>

#include "containerd/cgroups_v1.pb-c.h"
#include "protocols/any.h"
#include "stats/forms.h"

typedef Io__Containerd__Cgroups__V1__Metrics Metrics;
typedef Io__Containerd__Cgroups__V1__CPUStat CPUStat;
typedef Io__Containerd__Cgroups__V1__CPUUsage CPUUsage;
typedef Io__Containerd__Cgroups__V1__Throttle Throttle;
typedef Io__Containerd__Cgroups__V1__MemoryStat MemoryStat;
typedef Io__Containerd__Cgroups__V1__MemoryEntry MemoryEntry;
typedef Io__Containerd__Cgroups__V1__MemoryOomControl MemoryOomControl;
typedef Io__Containerd__Cgroups__V1__PidsStat PidsStat;
typedef Io__Containerd__Cgroups__V1__BlkIOStat BlkIOStat;
typedef Io__Containerd__Cgroups__V1__BlkIOEntry BlkIOEntry;
typedef Io__Containerd__Cgroups__V1__HugetlbStat HugetlbStat;
typedef Io__Containerd__Cgroups__V1__NetworkStat NetworkStat;

/* A limit that is not set, as the kernel writes it: LONG_MAX in whole pages. */
#define NO_LIMIT	0x7ffffffffffff000
/* Read and Write, as the kernel's blkio files have. */
#define NR_OPERATIONS	2

struct form {
	Metrics metrics;
	PidsStat pids;
	CPUStat cpu;
	CPUUsage usage;
	Throttle throttling;
	MemoryStat memory;
	MemoryEntry memory_usage;
	MemoryEntry swap;
	MemoryEntry kernel;
	MemoryOomControl oom;
	BlkIOStat blkio;
};

static void fill_cpu(struct form *form, const struct stats_cpu *from)
{
	io__containerd__cgroups__v1__cpustat__init(&form->cpu);
	io__containerd__cgroups__v1__cpuusage__init(&form->usage);
	io__containerd__cgroups__v1__throttle__init(&form->throttling);
	form->usage.total = from->usage;
	form->usage.kernel = from->system;
	form->usage.user = from->user;
	form->usage.n_per_cpu = from->nr_per_cpu;
	form->usage.per_cpu = (uint64_t *)(uintptr_t)from->per_cpu;
	form->throttling.periods = from->periods;
	form->throttling.throttled_periods = from->throttled_periods;
	form->throttling.throttled_time = from->throttled;
	form->cpu.usage = &form->usage;
	form->cpu.throttling = &form->throttling;
}

static uint64_t limit(uint64_t bytes)
{
	return bytes < NO_LIMIT ? bytes : NO_LIMIT;
}

/* Memory and swap. */
static uint64_t limit_of_both(const struct stats_memory *from)
{
	return limit(limit(from->limit) + limit(from->swap_limit));
}

static void fill_entries(struct form *form, const struct stats_memory *from)
{
	io__containerd__cgroups__v1__memory_entry__init(&form->memory_usage);
	io__containerd__cgroups__v1__memory_entry__init(&form->swap);
	io__containerd__cgroups__v1__memory_entry__init(&form->kernel);
	form->memory_usage.usage = from->usage;
	form->memory_usage.limit = limit(from->limit);
	form->memory_usage.max = from->max_usage;
	form->memory_usage.failcnt = from->failures;
	form->swap.usage = from->usage + from->swap_usage;
	form->swap.limit = limit_of_both(from);
	form->kernel.usage = from->kernel_usage;
	form->memory.usage = &form->memory_usage;
	form->memory.swap = &form->swap;
	form->memory.kernel = &form->kernel;
}

/* What is total_... is with the groups below, and there are none outside the guest. */
static void fill_memory(MemoryStat *to, const struct stats_memory *from)
{
	io__containerd__cgroups__v1__memory_stat__init(to);
	to->cache = to->total_cache = from->file;
	to->rss = to->total_rss = from->anon;
	to->rss_huge = to->total_rss_huge = from->anon_huge;
	to->mapped_file = to->total_mapped_file = from->file_mapped;
	to->dirty = to->total_dirty = from->file_dirty;
	to->writeback = to->total_writeback = from->file_writeback;
	to->pg_fault = to->total_pg_fault = from->page_faults;
	to->pg_maj_fault = to->total_pg_maj_fault = from->major_page_faults;
	to->inactive_anon = to->total_inactive_anon = from->inactive_anon;
	to->active_anon = to->total_active_anon = from->active_anon;
	to->inactive_file = to->total_inactive_file = from->inactive_file;
	to->active_file = to->total_active_file = from->active_file;
	to->unevictable = to->total_unevictable = from->unevictable;
	to->hierarchical_memory_limit = limit(from->limit);
	to->hierarchical_swap_limit = limit_of_both(from);
}

static void fill_form(struct form *form, const struct stats *stats)
{
	io__containerd__cgroups__v1__metrics__init(&form->metrics);
	io__containerd__cgroups__v1__pids_stat__init(&form->pids);
	io__containerd__cgroups__v1__memory_oom_control__init(&form->oom);
	io__containerd__cgroups__v1__blk_iostat__init(&form->blkio);
	form->pids.current = stats->pids;
	/* 0 is no limit here. */
	form->pids.limit = stats->pids_limit == STATS_NO_LIMIT ? 0 : stats->pids_limit;
	form->oom.oom_kill = stats->events.oom_kill;
	fill_cpu(form, &stats->cpu);
	fill_memory(&form->memory, &stats->memory);
	fill_entries(form, &stats->memory);
	form->metrics.pids = &form->pids;
	form->metrics.cpu = &form->cpu;
	form->metrics.memory = &form->memory;
	form->metrics.memory_oom_control = &form->oom;
	form->metrics.blkio = &form->blkio;
}

static void fill_operation(BlkIOEntry *to, const struct stats_io *from, const char *operation,
			   uint64_t value)
{
	io__containerd__cgroups__v1__blk_ioentry__init(to);
	to->op = (char *)(uintptr_t)operation;
	to->major = from->major;
	to->minor = from->minor;
	to->value = value;
}

static void fill_io(BlkIOEntry *bytes, BlkIOEntry *times, const struct stats *stats)
{
	for (size_t i = 0; i < stats->nr_io; i++) {
		const struct stats_io *io = &stats->io[i];

		fill_operation(&bytes[NR_OPERATIONS * i], io, "Read", io->read_bytes);
		fill_operation(&bytes[NR_OPERATIONS * i + 1], io, "Write", io->written_bytes);
		fill_operation(&times[NR_OPERATIONS * i], io, "Read", io->reads);
		fill_operation(&times[NR_OPERATIONS * i + 1], io, "Write", io->writes);
	}
}

static void fill_network(NetworkStat *to, const struct stats_network *from)
{
	io__containerd__cgroups__v1__network_stat__init(to);
	to->name = (char *)(uintptr_t)from->name;
	to->rx_bytes = from->rx_bytes;
	to->rx_packets = from->rx_packets;
	to->rx_errors = from->rx_errors;
	to->rx_dropped = from->rx_dropped;
	to->tx_bytes = from->tx_bytes;
	to->tx_packets = from->tx_packets;
	to->tx_errors = from->tx_errors;
	to->tx_dropped = from->tx_dropped;
}

static void fill_hugetlb(HugetlbStat *to, const struct stats_hugetlb *from)
{
	io__containerd__cgroups__v1__hugetlb_stat__init(to);
	to->usage = from->usage;
	to->max = from->max;
	to->failcnt = from->failures;
	to->pagesize = (char *)(uintptr_t)from->page_size;
}

static void attach_io(BlkIOStat *blkio, BlkIOEntry *bytes, BlkIOEntry *times, size_t nr)
{
	blkio->n_io_service_bytes_recursive = nr;
	blkio->io_service_bytes_recursive = array_pointers(bytes, nr, sizeof(*bytes));
	blkio->n_io_serviced_recursive = nr;
	blkio->io_serviced_recursive = array_pointers(times, nr, sizeof(*times));
}

int stats_pack_v1(const struct stats *stats, Google__Protobuf__Any **ret_any)
{
	size_t nr_io = NR_OPERATIONS * stats->nr_io;
	BlkIOEntry *bytes = array_with_pointers(nr_io, sizeof(*bytes));
	BlkIOEntry *times = array_with_pointers(nr_io, sizeof(*times));
	NetworkStat *network = array_with_pointers(stats->nr_network, sizeof(*network));
	HugetlbStat *hugetlb = array_with_pointers(stats->nr_hugetlb, sizeof(*hugetlb));
	struct form form;
	int r = -ENOMEM;

	if (!bytes || !times || !network || !hugetlb)
		goto out;
	fill_io(bytes, times, stats);
	for (size_t i = 0; i < stats->nr_network; i++)
		fill_network(&network[i], &stats->network[i]);
	for (size_t i = 0; i < stats->nr_hugetlb; i++)
		fill_hugetlb(&hugetlb[i], &stats->hugetlb[i]);
	fill_form(&form, stats);
	attach_io(&form.blkio, bytes, times, nr_io);
	form.metrics.n_network = stats->nr_network;
	form.metrics.network = array_pointers(network, stats->nr_network, sizeof(*network));
	form.metrics.n_hugetlb = stats->nr_hugetlb;
	form.metrics.hugetlb = array_pointers(hugetlb, stats->nr_hugetlb, sizeof(*hugetlb));
	r = any_pack(&form.metrics.base, ret_any);
out:
	free(bytes);
	free(times);
	free(network);
	free(hugetlb);
	return r;
}
