/*
 * Kata BM: how a guest ends
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_GUEST_END_H
#define KATA_BM_GUEST_END_H

#include "qapi/qapi-types-kata-bm-target.h"

typedef struct KBMGuestEnd {
    bool ended;
    KataBmEndReason reason;
    uint64_t detail;
} KBMGuestEnd;

/* From now on @end says how the guest ended. There is one guest. */
void kbm_guest_end_init(KBMGuestEnd *end);

#endif /* KATA_BM_GUEST_END_H */
