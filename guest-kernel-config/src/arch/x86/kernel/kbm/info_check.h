/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kata BM: is an info page one to boot with? Free of kernel headers, so that
 * a unit test can link it.
 */
#ifndef _KBM_INFO_CHECK_H
#define _KBM_INFO_CHECK_H

#include <asm/kbm_guest.h>

/* Both return 0 or one KBM_REFUSED_*. */
int kbm_info_check_header(const struct kbm_info *info);
int kbm_info_check(const struct kbm_info *info, __u64 address);

#endif /* _KBM_INFO_CHECK_H */
