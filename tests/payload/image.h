/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lies in the memory of a payload guest before it runs. */
#ifndef KBM_TEST_IMAGE_H
#define KBM_TEST_IMAGE_H

#include <stdbool.h>

#include "lease.h"
#include "payload.h"

#define IMAGE_CODE_SELECTOR	0x10
#define IMAGE_DATA_SELECTOR	0x18

struct image_numbers {
	uint64_t nr_cpus;
	uint64_t count;
	uint64_t ticks;
	uint64_t period;
	uint64_t argument;
	uint32_t apic_ids[PAYLOAD_MAX_CPUS];
	bool vmcall;
};

/* Lay out runtime, payload, tables and info page; see payload_abi.h. */
int image_build(const struct extent *extent, const struct payload *payload,
		const struct image_numbers *numbers);

/* A field of the result page of a vCPU. */
uint64_t image_result(const struct extent *extent, unsigned int vcpu, unsigned int field);

static inline uint64_t image_vector(const struct extent *extent, unsigned int vcpu,
				    unsigned int vector)
{
	return image_result(extent, vcpu, PAYLOAD_RESULT_VECTORS + 8 * vector);
}

#endif
