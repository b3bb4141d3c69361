/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUs and memory lent by the host, through /dev/kata-bm. */
#ifndef KBM_TEST_LEASE_H
#define KBM_TEST_LEASE_H

#include <stdint.h>

#include <asm/kbm.h>

struct lease {
	int fd;
	struct kbm_host_info host;
};

struct extent {
	uint64_t start;		/* physical address, and the guest's */
	uint64_t bytes;
	uint32_t node;
	void *memory;		/* our mapping of it */
};

/* All return 0 or a negative errno, and have said what was wrong. */
int lease_open(struct lease *ret_lease);
int lease_cpu(struct lease *lease, unsigned int cpu, uint32_t *ret_apic_id, uint32_t *ret_node);
int lease_memory(struct lease *lease, uint64_t bytes, uint32_t node, uint32_t flags,
		 struct extent *ret_extent);
void lease_close(struct lease *lease);

/* The line that the device keeps for its last error; "" when it has none. */
void lease_reason(int fd, char *ret_reason, unsigned int size);
/* Prints that reason, if there is one. */
void lease_explain(const struct lease *lease);

#endif
