/*
 * Counts of VMRUN and #VMEXIT of each emulated CPU
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef I386_SVM_EXIT_STATS_H
#define I386_SVM_EXIT_STATS_H

#include "cpu.h"

/* Both are called by the CPU's own thread only. */
void svm_stats_count_entry(CPUX86State *env);
void svm_stats_count_exit(CPUX86State *env, uint64_t exit_code);

#endif /* I386_SVM_EXIT_STATS_H */
