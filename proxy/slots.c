// SPDX-License-Identifier: GPL-2.0-or-later
#include "slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct slot *find(const struct slots *slots, uint32_t id)
{
	for (uint32_t i = 0; i < slots->count; i++) {
		if (slots->list[i].id == id)
			return &slots->list[i];
	}
	return NULL;
}

/* Not realloc(): of a long list that is mremap(), which a twin may not call. */
static int grow(struct slots *slots)
{
	uint32_t places = slots->places ? 2 * slots->places : 16;
	struct slot *list = calloc(places, sizeof(*list));

	if (!list)
		return -ENOMEM;
	if (slots->count)
		memcpy(list, slots->list, slots->count * sizeof(*list));
	free(slots->list);
	slots->list = list;
	slots->places = places;
	return 0;
}

static struct slot *add(struct slots *slots, uint32_t id)
{
	struct slot *slot;

	if (slots->count == slots->places && grow(slots))
		return NULL;
	slot = &slots->list[slots->count++];
	slot->id = id;
	return slot;
}

int slots_set(struct slots *slots, uint32_t id, uint64_t bytes)
{
	struct slot *slot = find(slots, id);

	if (!slot && !bytes)
		return 0;
	if (!slot)
		slot = add(slots, id);
	if (!slot)
		return -ENOMEM;
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
	slots->count = slots->places = 0;
}
