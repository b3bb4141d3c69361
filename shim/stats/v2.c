// SPDX-License-Identifier: GPL-2.0-or-later
/* io.containerd.cgroups.v2.Metrics: times in microseconds. */
#include <errno.h>
#include <stdlib.h>

#include "cgroups_v2.pb-c.h"
#include "protocols/any.h"
#include "stats/forms.h"

#define NS_PER_US	1000

typedef Io__Containerd__Cgroups__V2__Metrics Metrics;
typedef Io__Containerd__Cgroups__V2__CPUStat CPUStat;
typedef Io__Containerd__Cgroups__V2__MemoryStat MemoryStat;
typedef Io__Containerd__Cgroups__V2__MemoryEvents MemoryEvents;
typedef Io__Containerd__Cgroups__V2__PidsStat PidsStat;
typedef Io__Containerd__Cgroups__V2__IOStat IOStat;
typedef Io__Containerd__Cgroups__V2__IOEntry IOEntry;
typedef Io__Containerd__Cgroups__V2__HugeTlbStat HugeTlbStat;
typedef Io__Containerd__Cgroups__V2__NetworkStat NetworkStat;

/* All parts, so that they need no memory of their own. */
struct form {
	Metrics metrics;
	PidsStat pids;
	CPUStat cpu;
	MemoryStat memory;
	MemoryEvents events;
	IOStat io;
};

static void fill_cpu(CPUStat *to, const struct stats_cpu *from)
{
	io__containerd__cgroups__v2__cpustat__init(to);
	to->usage_usec = from->usage / NS_PER_US;
	to->user_usec = from->user / NS_PER_US;
	to->system_usec = from->system / NS_PER_US;
	to->nr_periods = from->periods;
	to->nr_throttled = from->throttled_periods;
	to->throttled_usec = from->throttled / NS_PER_US;
}

static void fill_memory(MemoryStat *to, const struct stats_memory *from)
{
	io__containerd__cgroups__v2__memory_stat__init(to);
	to->anon = from->anon;
	to->file = from->file;
	to->kernel_stack = from->kernel_stack;
	to->slab = from->slab;
	to->sock = from->sock;
	to->shmem = from->shmem;
	to->file_mapped = from->file_mapped;
	to->file_dirty = from->file_dirty;
	to->file_writeback = from->file_writeback;
	to->anon_thp = from->anon_huge;
	to->inactive_anon = from->inactive_anon;
	to->active_anon = from->active_anon;
	to->inactive_file = from->inactive_file;
	to->active_file = from->active_file;
	to->unevictable = from->unevictable;
	to->slab_reclaimable = from->slab_reclaimable;
	to->slab_unreclaimable = from->slab_unreclaimable;
	to->pgfault = from->page_faults;
	to->pgmajfault = from->major_page_faults;
	to->usage = from->usage;
	to->usage_limit = from->limit;
	to->swap_usage = from->swap_usage;
	to->swap_limit = from->swap_limit;
	to->max_usage = from->max_usage;
}

static void fill_events(MemoryEvents *to, const struct stats_memory_events *from)
{
	io__containerd__cgroups__v2__memory_events__init(to);
	to->low = from->low;
	to->high = from->high;
	to->max = from->max;
	to->oom = from->oom;
	to->oom_kill = from->oom_kill;
}

static void fill_form(struct form *form, const struct stats *stats)
{
	io__containerd__cgroups__v2__metrics__init(&form->metrics);
	io__containerd__cgroups__v2__pids_stat__init(&form->pids);
	io__containerd__cgroups__v2__iostat__init(&form->io);
	form->pids.current = stats->pids;
	form->pids.limit = stats->pids_limit;
	fill_cpu(&form->cpu, &stats->cpu);
	fill_memory(&form->memory, &stats->memory);
	fill_events(&form->events, &stats->events);
	form->metrics.pids = &form->pids;
	form->metrics.cpu = &form->cpu;
	form->metrics.memory = &form->memory;
	form->metrics.memory_events = &form->events;
	form->metrics.io = &form->io;
}

static void fill_io(IOEntry *to, const struct stats_io *from)
{
	io__containerd__cgroups__v2__ioentry__init(to);
	to->major = from->major;
	to->minor = from->minor;
	to->rbytes = from->read_bytes;
	to->wbytes = from->written_bytes;
	to->rios = from->reads;
	to->wios = from->writes;
}

static void fill_network(NetworkStat *to, const struct stats_network *from)
{
	io__containerd__cgroups__v2__network_stat__init(to);
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

static void fill_hugetlb(HugeTlbStat *to, const struct stats_hugetlb *from)
{
	io__containerd__cgroups__v2__huge_tlb_stat__init(to);
	to->current = from->usage;
	to->max = from->max;
	to->pagesize = (char *)(uintptr_t)from->page_size;
}

int stats_pack_v2(const struct stats *stats, Google__Protobuf__Any **ret_any)
{
	IOEntry *io = array_with_pointers(stats->nr_io, sizeof(*io));
	NetworkStat *network = array_with_pointers(stats->nr_network, sizeof(*network));
	HugeTlbStat *hugetlb = array_with_pointers(stats->nr_hugetlb, sizeof(*hugetlb));
	struct form form;
	int r = -ENOMEM;

	if (!io || !network || !hugetlb)
		goto out;
	for (size_t i = 0; i < stats->nr_io; i++)
		fill_io(&io[i], &stats->io[i]);
	for (size_t i = 0; i < stats->nr_network; i++)
		fill_network(&network[i], &stats->network[i]);
	for (size_t i = 0; i < stats->nr_hugetlb; i++)
		fill_hugetlb(&hugetlb[i], &stats->hugetlb[i]);
	fill_form(&form, stats);
	form.io.n_usage = stats->nr_io;
	form.io.usage = array_pointers(io, stats->nr_io, sizeof(*io));
	form.metrics.n_network = stats->nr_network;
	form.metrics.network = array_pointers(network, stats->nr_network, sizeof(*network));
	form.metrics.n_hugetlb = stats->nr_hugetlb;
	form.metrics.hugetlb = array_pointers(hugetlb, stats->nr_hugetlb, sizeof(*hugetlb));
	r = any_pack(&form.metrics.base, ret_any);
out:
	free(io);
	free(network);
	free(hugetlb);
	return r;
}
