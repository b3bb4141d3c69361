/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files: those of /proc and /sys, and those that the agent writes itself. */
#ifndef KBM_AGENT_FILES_H
#define KBM_AGENT_FILES_H

#include <stddef.h>
#include <sys/types.h>

/* Writes text to a file that exists. Returns 0 or a negative errno. */
int file_write(const char *path, const char *text);

/* Makes, or replaces, a file. Returns 0 or a negative errno. */
int file_create(const char *path, const void *data, size_t size, mode_t mode);

/*
 * Reads up to size - 1 bytes, ends them with a zero byte and takes away a line
 * feed at the end. Returns their number or a negative errno.
 */
ssize_t file_read(const char *path, char *text, size_t size);

/* Makes a directory and its parents. Returns 0, also if there is one. */
int directory_make(const char *path, mode_t mode);

/*
 * Whether a name from outside may be used as one component of a path: letters,
 * digits, '_', '.', '-', not starting with '.' or '-', at most 128.
 */
int name_check(const char *name);

#endif
