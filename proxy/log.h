/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's log: one line an event, key=value (logfmt), on stderr. Under
 * systemd each line starts with its priority, as journald wants it; else with
 * the time and the level.
 */
#ifndef KBM_PROXY_LOG_H
#define KBM_PROXY_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* What is less urgent than @level is not written. At first: info. */
void log_set_level(enum log_level level);

/* -EINVAL: @name is no level's. */
int log_level_parse(const char *name, enum log_level *ret_level);

/*
 * @event: what happened, without quotes. @format: more pairs, such as
 * "session=%u error=\"%s\""; "" for none. Values that come from a client must
 * be numbers, or have been made harmless before.
 */
void log_write(enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
