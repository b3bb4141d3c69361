/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a kick takes: from the signal to the return of KVM_RUN. */
#ifndef KBM_TEST_KICKS_H
#define KBM_TEST_KICKS_H

#include <stdint.h>

#include "machine.h"

#define KICK_LIMIT_NS	10000000ULL	/* what a kick may take */

struct kicks {
	unsigned int wanted;
	unsigned int arrived;
	unsigned int late;		/* over KICK_LIMIT_NS */
	uint64_t min_ns;
	uint64_t median_ns;
	uint64_t p99_ns;
	uint64_t max_ns;
};

/*
 * Kick the first vCPU @count times, with pauses of 0 to 2 ms in between so
 * that kicks also meet a guest about to be entered. Stops at the first that
 * is lost. Time is the host's: on an emulated machine it goes on while the
 * real one does something else, unless it counts instructions.
 */
int kicks_measure(struct machine *machine, unsigned int count, struct kicks *ret_kicks);

#endif
