/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int fail(int error, const char *format, ...)
{
	va_list arguments;

	fputs("kbm-payload: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (error)
		fprintf(stderr, ": %s\n", strerror(-error));
	else
		fputc('\n', stderr);
	return error ? error : -EINVAL;
}
