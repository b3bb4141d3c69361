// SPDX-License-Identifier: GPL-2.0-or-later
#include "cpu_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_end(char byte, const char *ends)
{
	return !byte || strchr(ends, byte);
}

/* Moves @text behind the number. */
static int take_number(const char **text, unsigned int *ret)
{
	unsigned long value;
	char *end;

	if (**text < '0' || **text > '9')
		return -EINVAL;
	value = strtoul(*text, &end, 10);
	if (value >= CPU_LIST_MAX)
		return -EINVAL;
	*text = end;
	*ret = (unsigned int)value;
	return 0;
}

static int take_range(const char **text, struct cpu_list *list)
{
	unsigned int first, last;

	if (take_number(text, &first) < 0)
		return -EINVAL;
	last = first;
	if (**text == '-') {
		(*text)++;
		if (take_number(text, &last) < 0 || last < first)
			return -EINVAL;
	}
	for (; first <= last; first++)
		cpu_list_add(list, first);
	return 0;
}

int cpu_list_parse(const char *text, const char *ends, struct cpu_list *ret)
{
	struct cpu_list list = { 0 };

	if (!is_end(*text, ends)) {
		for (;; text++) {
			if (take_range(&text, &list) < 0)
				return -EINVAL;
			if (is_end(*text, ends))
				break;
			if (*text != ',')
				return -EINVAL;
		}
	}
	*ret = list;
	return 0;
}

unsigned int cpu_list_count(const struct cpu_list *list)
{
	unsigned int nr = 0;

	for (size_t i = 0; i < sizeof(list->bits); i++)
		nr += (unsigned int)__builtin_popcount(list->bits[i]);
	return nr;
}

void cpu_list_print(const struct cpu_list *list, char separator, char *text, size_t size)
{
	unsigned int first = 0, last;
	size_t at = 0;
	char part[32];

	snprintf(text, size, "none");
	for (; first < CPU_LIST_MAX; first = last + 1) {
		last = first;
		if (!cpu_list_has(list, first))
			continue;
		while (cpu_list_has(list, last + 1))
			last++;
		snprintf(part, sizeof(part), first == last ? "%.0d%u" : "%.0d%u-%u", 0, first,
			 last);
		if (at + strlen(part) + sizeof(",...") >= size) {
			snprintf(text + at, size - at, "%c...", separator);
			return;
		}
		at += (size_t)snprintf(text + at, size - at, "%.*s%s", at != 0, &separator, part);
	}
}
