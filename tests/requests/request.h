/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bad requests: each must fail with a named error and change nothing. */
#ifndef KBM_TEST_REQUEST_H
#define KBM_TEST_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_ERRORS	3

/* What every request may use; made anew for each group. */
struct setting {
	int lease_fd;		/* lends CPU @lent_cpu and @extent_start */
	int other_lease_fd;	/* lends nothing */
	int kvm_fd;
	int vm_fd;		/* direct VM, tied to the lease; -1 in lease requests */
	int vcpu_fd;
	unsigned int lent_cpu;
	unsigned int free_cpu;	/* lent only by requests that end the lease */
	uint32_t lent_apic_id;
	uint64_t extent_start;
	uint64_t extent_bytes;
	void *extent_memory;
};

struct request {
	const char *name;
	/* 0 or a negative errno; must have no effect when it fails. */
	int (*make)(const struct setting *setting);
	int errors[MAX_ERRORS];	/* any of these is right; none: it must succeed */
	const char *reason;	/* words of the device's reason; NULL: has none */
};

extern const struct request good_requests[], lease_requests[], memory_requests[], doorbell_requests[],
	vm_requests[], end_requests[], vcpu_requests[];

/* ioctl() with its result as a negative errno. */
int call(int fd, unsigned long request, void *argument);
/* The same without argument, by a child that has no CAP_SYS_RAWIO. */
int call_without_right(int fd, unsigned long request);

#endif
