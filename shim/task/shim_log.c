// SPDX-License-Identifier: GPL-2.0-or-later
#include "shim_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A write of at most this many bytes to a FIFO is whole, or fails. */
#define LINE_SIZE PIPE_BUF

static const char *const names[] = {
	[SHIM_LOG_ERROR] = "error",
	[SHIM_LOG_WARNING] = "warning",
	[SHIM_LOG_INFO] = "info",
	[SHIM_LOG_DEBUG] = "debug",
};

static struct {
	int fd;
	bool debug;
	char id[80];
	unsigned int lost;
} log_state = { .fd = -1 };

int shim_log_open(const char *path, const char *id, bool debug)
{
	/* Reading, too: else there is an error whenever containerd is not there. */
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_APPEND);

	log_state.debug = debug;
	snprintf(log_state.id, sizeof(log_state.id), "%s", id);
	if (fd < 0)
		return -errno;
	if (log_state.fd >= 0)
		close(log_state.fd);
	log_state.fd = fd;
	return 0;
}

void shim_log_set_debug(bool debug)
{
	log_state.debug = debug;
}

int shim_log_fd(void)
{
	return log_state.fd;
}

static void make_harmless(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			*text = ' ';
		else if (*text == '"')
			*text = '\'';
	}
}

static size_t put_head(char *line, size_t size, enum shim_log_level level)
{
	char text[32] = "";
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	return (size_t)snprintf(line, size, "time=\"%s.%09ldZ\" level=%s id=%s msg=\"", text,
				now.tv_nsec, names[level], log_state.id);
}

static void write_line(enum shim_log_level level, const char *text)
{
	char line[LINE_SIZE];
	size_t used = put_head(line, sizeof(line), level), room = sizeof(line) - used - 16;
	int n;

	n = snprintf(line + used, room, "%s", text);
	used += (size_t)n < room ? (size_t)n : room - 1;
	line[used++] = '"';
	if (log_state.lost)
		used += (size_t)snprintf(line + used, 14, " lost=%u", log_state.lost % 1000000);
	line[used++] = '\n';
	if (write(log_state.fd, line, used) < 0)
		log_state.lost++;
	else
		log_state.lost = 0;
}

void shim_log(enum shim_log_level level, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list values;

	if (log_state.fd < 0 || (level == SHIM_LOG_DEBUG && !log_state.debug))
		return;
	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	make_harmless(text);
	write_line(level, text);
}
