/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines on the guest's console, which the shim copies to its own log. */
#ifndef KBM_AGENT_LOG_H
#define KBM_AGENT_LOG_H

void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
