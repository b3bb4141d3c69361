// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Room for a path and for a reason. */
#define LINE_SIZE	8192

static const struct {
	const char *name;
	int priority;	/* syslog's */
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", 3 },
	[LOG_LEVEL_WARNING] = { "warning", 4 },
	[LOG_LEVEL_INFO] = { "info", 6 },
	[LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static enum log_level limit = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	limit = level;
}

int log_level_parse(const char *name, enum log_level *ret_level)
{
	for (unsigned int i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (!strcmp(levels[i].name, name)) {
			*ret_level = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

static void write_head(FILE *out, enum log_level level)
{
	char text[32] = "";
	struct timespec now;
	struct tm utc;

	if (getenv("JOURNAL_STREAM")) {
		fprintf(out, "<%d>", levels[level].priority);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	fprintf(out, "time=%s.%03ldZ level=%s ", text, now.tv_nsec / 1000000, levels[level].name);
}

void log_write(enum log_level level, const char *event, const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	size_t bytes;
	FILE *out;

	if (level > limit)
		return;
	out = fmemopen(line, sizeof(line) - 1, "w");
	if (!out)
		return;
	write_head(out, level);
	fprintf(out, "event=\"%s\"", event);
	if (*format)
		fputc(' ', out);
	va_start(arguments, format);
	vfprintf(out, format, arguments);
	va_end(arguments);
	fclose(out);
	/* One write, so that lines of several writers stay whole. */
	bytes = strlen(line);
	line[bytes++] = '\n';
	if (write(STDERR_FILENO, line, bytes) < 0)
		return;
}
