// SPDX-License-Identifier: GPL-2.0-or-later
#include "preload_areas.h"

#include <pthread.h>
#include <stdlib.h>

#define SMALL	65536u

struct area {
	uint64_t start;
	uint64_t end;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct area *areas;
static unsigned int nr_areas;
static unsigned int nr_places;

static void add_locked(uint64_t start, uint64_t end)
{
	struct area *list;

	if (end < start + SMALL)
		return;
	if (nr_areas == nr_places) {
		list = reallocarray(areas, nr_places + 64, sizeof(*list));
		if (!list)
			return;
		areas = list;
		nr_places += 64;
	}
	areas[nr_areas++] = (struct area){ start, end };
}

static void remove_locked(uint64_t start, uint64_t end)
{
	for (unsigned int i = nr_areas; i-- > 0;) {
		struct area area = areas[i];

		if (area.start >= end || start >= area.end)
			continue;
		areas[i] = areas[--nr_areas];
		if (area.start < start)
			add_locked(area.start, start);
		if (end < area.end)
			add_locked(end, area.end);
	}
}

void areas_add(uint64_t start, uint64_t bytes)
{
	if (bytes < SMALL)
		return;
	pthread_mutex_lock(&lock);
	remove_locked(start, start + bytes);
	add_locked(start, start + bytes);
	pthread_mutex_unlock(&lock);
}

void areas_remove(uint64_t start, uint64_t bytes)
{
	pthread_mutex_lock(&lock);
	remove_locked(start, start + bytes);
	pthread_mutex_unlock(&lock);
}

void areas_widen(uint64_t *start, uint64_t *bytes)
{
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < nr_areas; i++) {
		if (areas[i].start <= *start && *start + *bytes <= areas[i].end) {
			*start = areas[i].start;
			*bytes = areas[i].end - areas[i].start;
			break;
		}
	}
	pthread_mutex_unlock(&lock);
}
