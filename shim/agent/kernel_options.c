// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "kernel_options.h"

/* Kata's name, and its levels; those that say less than we do change nothing. */
#define LOG_OPTION "agent.log="

static bool is_debug(const char *word, size_t length)
{
	return length == 5 && (!memcmp(word, "debug", 5) || !memcmp(word, "trace", 5));
}

bool kernel_options_debug(const char *words)
{
	const size_t prefix = sizeof(LOG_OPTION) - 1;
	bool debug = false;

	while (*words) {
		size_t length = strcspn(words, " \t\n");

		if (length > prefix && !memcmp(words, LOG_OPTION, prefix))
			debug = is_debug(words + prefix, length - prefix);
		words += length;
		words += strspn(words, " \t\n");
	}
	return debug;
}
