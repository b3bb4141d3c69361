/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Witnesses of stalls: one thread on each online CPU, which notes when that
 * CPU did not run for a while. On an emulated machine this happens whenever
 * the real one has other things to do.
 */
#ifndef KBM_TEST_WITNESS_H
#define KBM_TEST_WITNESS_H

#include <stdbool.h>
#include <stdint.h>

int witness_start(void);
void witness_stop(void);

/* Whether a CPU stalled between two moments of now_ns(); sleeps until all know. */
bool witness_saw_stall(uint64_t from_ns, uint64_t to_ns);

#endif
