/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzed twin has for a kernel; linked with --wrap for its calls. */
#ifndef KBM_FUZZ_KERNEL_H
#define KBM_FUZZ_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* Its /dev/kvm. */
int kernel_open(void);
/* Answers follow from the input, so that a finding can be repeated. */
void kernel_seed(const uint8_t *data, size_t size);
/* Descriptors that it gave and that are still open. */
unsigned int kernel_descriptors(void);

#endif
