/*
 * Kata BM: code that application processors wait in (ap-stub.S)
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#ifndef KATA_BM_AP_STUB_H
#define KATA_BM_AP_STUB_H

/* From the first to the last, this is what to copy. */
extern const uint8_t kbm_ap_stub[];
extern const uint8_t kbm_ap_interrupt[];
extern const uint8_t kbm_ap_spurious[];
extern const uint8_t kbm_ap_exception[];
extern const uint8_t kbm_ap_stub_end[];

#endif /* KATA_BM_AP_STUB_H */
