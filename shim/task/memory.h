/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for the shim's own small records. Without a few hundred bytes it could
 * not even say so: it ends, and containerd cleans up as after any crash.
 */
#ifndef KBM_SHIM_MEMORY_H
#define KBM_SHIM_MEMORY_H

#include <stdlib.h>
#include <string.h>

static inline void *must_calloc(size_t bytes)
{
	void *memory = calloc(1, bytes);

	if (!memory)
		abort();
	return memory;
}

/* For a list of @count pointers, all NULL. */
static inline void *must_list(size_t count)
{
	return must_calloc(count * sizeof(void *));
}

static inline char *must_strdup(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

#endif
