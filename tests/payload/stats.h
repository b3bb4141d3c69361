/* SPDX-License-Identifier: GPL-2.0-or-later */
/* KVM's binary statistics: a VM's or a vCPU's counters by name. */
#ifndef KBM_TEST_STATS_H
#define KBM_TEST_STATS_H

#include <stdint.h>

#define STATS_NAME_MAX	64

struct stat {
	char name[STATS_NAME_MAX];
	uint64_t value;
};

struct stats {
	unsigned int count;
	struct stat *stats;
};

/**
 * stats_read() - read all single-value counters of a VM or a vCPU
 * @fd: descriptor of the VM or the vCPU.
 */
int stats_read(int fd, struct stats *ret_stats);
void stats_free(struct stats *stats);

/* Value of one counter; 0 if there is none of that name. */
uint64_t stats_value(const struct stats *stats, const char *name);

#endif
