/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statistics of a container, in no form in particular, and in the two forms that
 * containerd reads: io.containerd.cgroups.v1.Metrics and .v2.Metrics. What is not
 * known is 0.
 */
#ifndef SHIM_STATS_STATS_H
#define SHIM_STATS_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "google/protobuf/any.pb-c.h"

/* A limit that is not set: the kernel's "max". */
#define STATS_NO_LIMIT	UINT64_MAX

/* Nanoseconds. */
struct stats_cpu {
	uint64_t usage;
	uint64_t user;
	uint64_t system;
	uint64_t periods;		/* of the CPU limit, how many */
	uint64_t throttled_periods;
	uint64_t throttled;
	const uint64_t *per_cpu;	/* v1 only */
	size_t nr_per_cpu;
};

/*
 * Bytes, if not said otherwise. The working set that Kubernetes evicts by is @usage
 * less @inactive_file: fill both.
 */
struct stats_memory {
	uint64_t usage;
	uint64_t limit;
	uint64_t max_usage;
	uint64_t failures;		/* how often the limit was hit */
	uint64_t swap_usage;		/* swap alone, as in cgroup v2 */
	uint64_t swap_limit;		/* the same */
	uint64_t kernel_usage;
	uint64_t anon;			/* v1: rss */
	uint64_t anon_huge;
	uint64_t file;			/* v1: cache */
	uint64_t file_mapped;
	uint64_t file_dirty;
	uint64_t file_writeback;
	uint64_t shmem;
	uint64_t kernel_stack;
	uint64_t slab;
	uint64_t slab_reclaimable;
	uint64_t slab_unreclaimable;
	uint64_t sock;
	uint64_t inactive_anon;
	uint64_t active_anon;
	uint64_t inactive_file;
	uint64_t active_file;
	uint64_t unevictable;
	uint64_t page_faults;		/* how many */
	uint64_t major_page_faults;
};

/* How often: memory.events of cgroup v2. */
struct stats_memory_events {
	uint64_t low;
	uint64_t high;
	uint64_t max;
	uint64_t oom;
	uint64_t oom_kill;
};

struct stats_io {
	uint64_t major;
	uint64_t minor;
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t reads;
	uint64_t writes;
};

struct stats_network {
	const char *name;
	uint64_t rx_bytes;
	uint64_t rx_packets;
	uint64_t rx_errors;
	uint64_t rx_dropped;
	uint64_t tx_bytes;
	uint64_t tx_packets;
	uint64_t tx_errors;
	uint64_t tx_dropped;
};

struct stats_hugetlb {
	const char *page_size;		/* "2MB" */
	uint64_t usage;
	uint64_t max;			/* the limit in v2, the highest usage in v1 */
	uint64_t failures;
};

struct stats {
	struct stats_cpu cpu;
	struct stats_memory memory;
	struct stats_memory_events events;
	uint64_t pids;
	uint64_t pids_limit;
	const struct stats_io *io;
	size_t nr_io;
	const struct stats_network *network;
	size_t nr_network;
	const struct stats_hugetlb *hugetlb;
	size_t nr_hugetlb;
};

/*
 * The row of a device; a new one at the end of the @nr rows, which @rows must have
 * room for, if there is none.
 */
struct stats_io *stats_io_row(struct stats_io *rows, size_t *nr, uint64_t major, uint64_t minor);

/* The form that the cgroups of containerd's machine have: it reads no other. */
enum stats_form {
	STATS_CGROUPS_V1,
	STATS_CGROUPS_V2,
};

/* By the file system that is mounted at /sys/fs/cgroup. */
enum stats_form stats_form_here(void);

/* *ret_any is for any_free() of protocols/any.h. 0 or -ENOMEM. */
int stats_pack(const struct stats *stats, enum stats_form form, Google__Protobuf__Any **ret_any);

#endif
