/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kata BM: the producer's side of the console ring.
 */
#ifndef _KBM_CONSOLE_RING_H
#define _KBM_CONSOLE_RING_H

#include <linux/types.h>

#include <asm/kbm_guest.h>

int kbm_ring_init(struct kbm_console *shared, u64 bytes);
void kbm_ring_move(struct kbm_console *shared);
bool kbm_ring_ready(void);
unsigned int kbm_ring_room(void);
void kbm_ring_write(const char *text, unsigned int count);
void kbm_ring_drain(void);

#endif /* _KBM_CONSOLE_RING_H */
