/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A configuration in sections, with its mistakes by file and line. */
#ifndef KBM_PROXY_INI_FILE_H
#define KBM_PROXY_INI_FILE_H

#include <stdbool.h>

/* One key. Returns what is wrong, for a message, or NULL. */
typedef const char *(*ini_file_key)(void *user, const char *section, const char *name,
				    const char *value);

/*
 * Calls @key for each one of @path. Each mistake is a line on stderr. @optional:
 * it is fine if there is no such file. -EINVAL: mistakes; else what reading it said.
 */
int ini_file_read(const char *path, bool optional, ini_file_key key, void *user);

#endif
