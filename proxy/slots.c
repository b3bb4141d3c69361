// SPDX-License-Identifier: GPL-2.0-or-later
#include "slots.h"

#include <errno.h>
#include <stdlib.h>

static struct slot *find(const struct slots *slots, uint32_t id)
{
	for (uint32_t i = 0; i < slots->count; i++) {
		if (slots->list[i].id == id)
			return &slots->list[i];
	}
	return NULL;
}

int slots_set(struct slots *slots, uint32_t id, uint64_t bytes)
{
	struct slot *slot = find(slots, id), *list;

	if (!slot && !bytes)
		return 0;
	if (!slot) {
		list = reallocarray(slots->list, slots->count + 1, sizeof(*list));
		if (!list)
			return -ENOMEM;
		slots->list = list;
		slot = &list[slots->count++];
		slot->id = id;
	}
	slot->bytes = bytes;
	if (!bytes)
		*slot = slots->list[--slots->count];
	return 0;
}

uint64_t slots_bytes(const struct slots *slots, uint32_t id)
{
	const struct slot *slot = slots ? find(slots, id) : NULL;

	return slot ? slot->bytes : 0;
}

void slots_done(struct slots *slots)
{
	free(slots->list);
	slots->list = NULL;
	slots->count = 0;
}
