/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shim's log: containerd copies it into its own from the FIFO `log` of the
 * bundle. One line a message, in the form of containerd's own messages.
 */
#ifndef KBM_SHIM_LOG_H
#define KBM_SHIM_LOG_H

#include <stdbool.h>

enum shim_log_level { SHIM_LOG_ERROR, SHIM_LOG_WARNING, SHIM_LOG_INFO, SHIM_LOG_DEBUG };

/*
 * @path: the FIFO, or a file; @debug: write debug messages, too; @id goes into
 * each line. Negative errno: then messages go nowhere.
 */
int shim_log_open(const char *path, const char *id, bool debug);

/*
 * Never waits: what the FIFO has no room for is lost, and counted in the next
 * line that gets through. Characters of @format's result that would break a
 * line are replaced.
 */
void shim_log(enum shim_log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void shim_log_set_debug(bool debug);

/* The descriptor, for a child's stderr; -1 if there is none. */
int shim_log_fd(void);

#endif
