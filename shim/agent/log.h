/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines on the guest's console, which the shim copies to its own log. No line has
 * arguments or environments of containers, which may be secrets: ids will do.
 */
#ifndef KBM_AGENT_LOG_H
#define KBM_AGENT_LOG_H

#include <stdbool.h>

/* What somebody should know. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What happens; nowhere unless log_set_debug(true) was called. */
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_set_debug(bool debug);

#endif
