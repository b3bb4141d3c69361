// SPDX-License-Identifier: GPL-2.0-or-later
#include "stats/stats.h"

#include <stdlib.h>
#include <sys/vfs.h>

#include <linux/magic.h>

#include "stats/forms.h"

struct stats_io *stats_io_row(struct stats_io *rows, size_t *nr, uint64_t major, uint64_t minor)
{
	for (size_t i = 0; i < *nr; i++)
		if (rows[i].major == major && rows[i].minor == minor)
			return &rows[i];
	rows[*nr] = (struct stats_io){ .major = major, .minor = minor };
	return &rows[(*nr)++];
}

enum stats_form stats_form_here(void)
{
	struct statfs file_system;

	if (statfs("/sys/fs/cgroup", &file_system) < 0)
		return STATS_CGROUPS_V1;
	return file_system.f_type == CGROUP2_SUPER_MAGIC ? STATS_CGROUPS_V2 : STATS_CGROUPS_V1;
}

int stats_pack(const struct stats *stats, enum stats_form form, Google__Protobuf__Any **ret_any)
{
	return form == STATS_CGROUPS_V1 ? stats_pack_v1(stats, ret_any) :
					  stats_pack_v2(stats, ret_any);
}

void *array_pointers(void *array, size_t nr, size_t size)
{
	return (char *)array + nr * size;
}

void *array_with_pointers(size_t nr, size_t size)
{
	char *array = calloc(nr + 1, size + sizeof(void *));
	char **pointers;

	if (!array)
		return NULL;
	pointers = array_pointers(array, nr, size);
	for (size_t i = 0; i < nr; i++)
		pointers[i] = array + i * size;
	return array;
}
