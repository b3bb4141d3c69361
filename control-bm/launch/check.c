// SPDX-License-Identifier: GPL-2.0-or-later
#include "check.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define NAME_MAX_LENGTH	20	/* of a virtio disk's serial number */
#define CPU_DIGITS	5
#define SIZE_DIGITS	6
#define NODE_DIGITS	4

/* Skips a number of at most @max digits; NULL if there is none. */
static const char *skip_number(const char *text, size_t max)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= max ? text + digits : NULL;
}

/* N or N-M; NULL if it is neither. */
static const char *skip_range(const char *text)
{
	text = skip_number(text, CPU_DIGITS);
	return text && *text == '-' ? skip_number(text + 1, CPU_DIGITS) : text;
}

const char *check_cpus(const char *value)
{
	value = skip_range(value);
	while (value && *value == '+')
		value = skip_range(value + 1);
	return value && !*value ? NULL : "write CPUs like 2-3 or 2-3+5";
}

const char *check_memory(const char *value)
{
	value = skip_number(value, SIZE_DIGITS);
	return value && (*value == 'M' || *value == 'G') && !value[1] ?
		       NULL : "write a size like 512M or 2G";
}

const char *check_isolation(const char *value)
{
	return !strcmp(value, "walled") || !strcmp(value, "direct") ?
		       NULL : "either walled or direct";
}

const char *check_number(const char *value)
{
	value = skip_number(value, NODE_DIGITS);
	return value && !*value ? NULL : "write a number";
}

const char *check_path(const char *value)
{
	return *value == '/' ? NULL : "write a path from the root, such as /dev/vg/control-bm";
}

const char *check_name(const char *value)
{
	size_t length = 0;

	while (isalnum((unsigned char)value[length]) || (value[length] && strchr("-_.", value[length])))
		length++;
	return length && length <= NAME_MAX_LENGTH && !value[length] ?
		       NULL : "a name has 1 to 20 letters, digits, '-', '_' and '.'";
}
