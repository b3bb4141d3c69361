/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two forms share. */
#ifndef SHIM_STATS_FORMS_H
#define SHIM_STATS_FORMS_H

#include "stats/stats.h"

/* See stats_pack(). */
int stats_pack_v1(const struct stats *stats, Google__Protobuf__Any **ret_any);
int stats_pack_v2(const struct stats *stats, Google__Protobuf__Any **ret_any);

/*
 * @nr zeroed structures of @size bytes, with as many pointers to them after the last
 * one. NULL: no memory. For free().
 */
void *array_with_pointers(size_t nr, size_t size);
/* The pointers. */
void *array_pointers(void *array, size_t nr, size_t size);

#endif
