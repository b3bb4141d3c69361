// SPDX-License-Identifier: GPL-2.0-or-later
#include "problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int problem_set(struct problem *problem, int error, const char *format, ...)
{
	va_list values;

	if (!problem)
		return error;
	va_start(values, format);
	vsnprintf(problem->text, sizeof(problem->text), format, values);
	va_end(values);
	return error;
}

int problem_prefix(struct problem *problem, int error, const char *format, ...)
{
	char before[PROBLEM_SIZE];
	size_t length;
	va_list values;

	if (!problem)
		return error;
	va_start(values, format);
	vsnprintf(before, sizeof(before), format, values);
	va_end(values);
	length = strlen(before);
	memmove(problem->text + length, problem->text, sizeof(problem->text) - length);
	memcpy(problem->text, before, length);
	problem->text[sizeof(problem->text) - 1] = 0;
	return error;
}
