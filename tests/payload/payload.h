/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payloads: those built in (payloads/), and files of flat code. */
#ifndef KBM_TEST_PAYLOAD_H
#define KBM_TEST_PAYLOAD_H

#include <stdint.h>
#include <stdio.h>

#include "payload_abi.h"

/* An entry of the table that PAYLOAD() of payloads/payload.h fills. */
struct payload {
	const char *name;
	const char *summary;
	const void *code;
	uint64_t size;
	uint64_t flags;
};

/* @name: of the table, or a path if it contains a slash. */
int payload_find(const char *name, struct payload *ret_payload);
void payload_list(FILE *file);

extern const char payload_runtime[], payload_runtime_end[];

#endif
