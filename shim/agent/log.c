// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

static bool is_debug;

/* One write a line, so that the kernel's lines do not cut it. */
static void write_line(const char *format, va_list arguments)
{
	char line[1024];
	int prefix, size;

	prefix = snprintf(line, sizeof(line), "kbm-agent: ");
	size = vsnprintf(line + prefix, sizeof(line) - prefix - 1, format,
			 arguments);
	if (size < 0)
		return;
	size += prefix;
	if (size > (int)sizeof(line) - 2)
		size = sizeof(line) - 2;
	line[size++] = '\n';
	if (write(STDERR_FILENO, line, size) < 0)
		return; /* nowhere to say it */
}

void log_line(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void log_debug(const char *format, ...)
{
	va_list arguments;

	if (!is_debug)
		return;
	va_start(arguments, format);
	write_line(format, arguments);
	va_end(arguments);
}

void log_set_debug(bool debug)
{
	is_debug = debug;
}
