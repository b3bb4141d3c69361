// SPDX-License-Identifier: GPL-2.0
/*
 * Kata BM: nodes of CPUs and memory, as the info page has them.
 */
#include <linux/nodemask.h>
#include <linux/numa_memblks.h>

#include <asm/numa.h>

#include "kbm.h"

static void __init add_cpus(void)
{
	const struct kbm_info_cpu *cpus = kbm_info_cpus();
	u32 i;

	for (i = 0; i < kbm_info->nr_cpus; i++) {
		set_apicid_to_node(cpus[i].apic_id, cpus[i].node);
		node_set(cpus[i].node, numa_nodes_parsed);
	}
}

/**
 * kbm_numa_init - tell the NUMA code who is near to whom
 *
 * Return: 0, or a negative errno; then Linux takes all to be one node.
 */
int __init kbm_numa_init(void)
{
	const struct kbm_info_extent *extents = kbm_info_extents();
	int ret;
	u32 i;

	add_cpus();
	for (i = 0; i < kbm_info->nr_extents; i++) {
		ret = numa_add_memblk(extents[i].node, extents[i].start,
				      extents[i].start + extents[i].bytes);
		if (ret)
			return ret;
		node_set(extents[i].node, numa_nodes_parsed);
	}
	return 0;
}
