// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "log.h"

/* One write a line, so that the kernel's lines do not cut it. */
void log_line(const char *format, ...)
{
	char line[1024];
	va_list arguments;
	int prefix, size;

	prefix = snprintf(line, sizeof(line), "kbm-agent: ");
	va_start(arguments, format);
	size = vsnprintf(line + prefix, sizeof(line) - prefix - 1, format,
			 arguments);
	va_end(arguments);
	if (size < 0)
		return;
	size += prefix;
	if (size > (int)sizeof(line) - 2)
		size = sizeof(line) - 2;
	line[size++] = '\n';
	if (write(STDERR_FILENO, line, size) < 0)
		return; /* nowhere to say it */
}
