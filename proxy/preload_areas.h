/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private anonymous memory by the calls of mmap() that made it. All are thread-safe. */
#ifndef KBM_PROXY_PRELOAD_AREAS_H
#define KBM_PROXY_PRELOAD_AREAS_H

#include <stdint.h>

/* Small ones are not noted: they hold no slots. Nor are any after lack of memory. */
void areas_add(uint64_t start, uint64_t bytes);
/* Any range; what an area has outside of it stays. */
void areas_remove(uint64_t start, uint64_t bytes);
/* To what is left of the area that has all of the range; else as it is. */
void areas_widen(uint64_t *start, uint64_t *bytes);

#endif
