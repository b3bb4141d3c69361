/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_TEST_OPTIONS_H
#define KBM_TEST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "payload_abi.h"

#define MODE_STOCK	-1	/* ordinary KVM: the control */

struct options {
	const char *payload;
	int mode;			/* KBM_MODE_* or MODE_STOCK */
	unsigned int cpus[PAYLOAD_MAX_CPUS];
	unsigned int nr_cpus;
	uint64_t memory;		/* bytes */
	uint32_t node;
	bool any_node;
	double seconds;
	unsigned int rate;		/* timer interrupts a second */
	uint64_t count;
	uint64_t argument;
	unsigned int kicks;
	unsigned int runs;
	bool grant;			/* KBM_GRANT_ALL */
	bool json;
};

/* 0: go on, 1: --help or --list was served, negative: said what was wrong. */
int options_parse(int argc, char **argv, struct options *ret_options);
const char *options_mode_name(int mode);

#endif
