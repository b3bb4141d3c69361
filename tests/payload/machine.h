/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One KVM VM for one payload: its memory, its vCPUs, its lease. */
#ifndef KBM_TEST_MACHINE_H
#define KBM_TEST_MACHINE_H

#include "lease.h"
#include "options.h"
#include "payload.h"
#include "vcpu.h"

struct machine {
	int kvm_fd;
	int vm_fd;
	struct lease lease;		/* fd -1 for stock */
	struct extent extent;
	struct payload payload;
	unsigned int nr_vcpus;
	struct vcpu vcpus[PAYLOAD_MAX_CPUS];
	sem_t guest_ended;
	sem_t kicked;
};

/* Lend, create, load: a machine ready to run. Leaves nothing behind if it fails. */
int machine_init(const struct options *options, struct machine *machine);
void machine_done(struct machine *machine);

int machine_start(struct machine *machine);
/* -ETIMEDOUT: no vCPU has ended in this time. */
int machine_wait(struct machine *machine, double seconds);
void machine_stop(struct machine *machine);

#endif
