/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of QEMU's command line. */
#ifndef KBM_SHIM_VM_COMMAND_H
#define KBM_SHIM_VM_COMMAND_H

#include <stddef.h>

#define COMMAND_MAX_WORDS	256

/* All zero is an empty one. */
struct command {
	char *words[COMMAND_MAX_WORDS + 1];
	size_t nr_words;
	/* -ENOMEM or -E2BIG once a word did not fit; nothing is added then. */
	int error;
};

/* One more word. */
void command_add(struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* An option and its value. */
void command_option(struct command *command, const char *option, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* An option and a value that ends in @path, whose commas are doubled. */
void command_path(struct command *command, const char *option, const char *path,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Empty again. */
void command_done(struct command *command);

#endif
