// SPDX-License-Identifier: GPL-2.0-or-later
#include "problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void problem_say(struct problem *problem, const char *format, ...)
{
	int saved = errno;
	va_list values;

	if (!problem)
		return;
	va_start(values, format);
	vsnprintf(problem->text, sizeof(problem->text), format, values);
	va_end(values);
	errno = saved;
}

void problem_say_before(struct problem *problem, const char *format, ...)
{
	char before[PROBLEM_SIZE];
	int saved = errno;
	size_t length;
	va_list values;

	if (!problem)
		return;
	va_start(values, format);
	vsnprintf(before, sizeof(before), format, values);
	va_end(values);
	length = strlen(before);
	memmove(problem->text + length, problem->text, sizeof(problem->text) - length);
	memcpy(problem->text, before, length);
	problem->text[sizeof(problem->text) - 1] = 0;
	errno = saved;
}
