/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large each memory slot of a VM is: the length of its dirty bitmap. */
#ifndef KBM_PROXY_SLOTS_H
#define KBM_PROXY_SLOTS_H

#include <stdint.h>

struct slot {
	uint32_t id;
	uint64_t bytes;
};

struct slots {
	struct slot *list;
	uint32_t count;
	uint32_t places;
};

int slots_set(struct slots *slots, uint32_t id, uint64_t bytes);
uint64_t slots_bytes(const struct slots *slots, uint32_t id);
void slots_done(struct slots *slots);

#endif
