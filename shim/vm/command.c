// SPDX-License-Identifier: GPL-2.0-or-later
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_values(struct command *command, const char *format, va_list values)
{
	char *word = NULL;

	if (!command->error && command->nr_words == COMMAND_MAX_WORDS)
		command->error = -E2BIG;
	if (command->error)
		return;
	if (vasprintf(&word, format, values) < 0) {
		command->error = -ENOMEM;
		return;
	}
	command->words[command->nr_words++] = word;
	command->words[command->nr_words] = NULL;
}

void command_add(struct command *command, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	add_values(command, format, values);
	va_end(values);
}

void command_option(struct command *command, const char *option, const char *format, ...)
{
	va_list values;

	command_add(command, "%s", option);
	va_start(values, format);
	add_values(command, format, values);
	va_end(values);
}

/* In QEMU's options a comma ends a value unless it is doubled. Caller frees. */
static char *escape(const char *text)
{
	char *result = malloc(2 * strlen(text) + 1), *to = result;

	for (; result && *text; text++) {
		*to++ = *text;
		if (*text == ',')
			*to++ = ',';
	}
	if (result)
		*to = 0;
	return result;
}

void command_path(struct command *command, const char *option, const char *path,
		  const char *format, ...)
{
	char *escaped = escape(path), *before = NULL;
	va_list values;
	int r;

	va_start(values, format);
	r = vasprintf(&before, format, values);
	va_end(values);
	if (r < 0 || !escaped)
		command->error = -ENOMEM;
	else
		command_option(command, option, "%s%s", before, escaped);
	if (r >= 0)
		free(before);
	free(escaped);
}

void command_done(struct command *command)
{
	for (size_t i = 0; i < command->nr_words; i++)
		free(command->words[i]);
	*command = (struct command){ 0 };
}
