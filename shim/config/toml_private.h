/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a TOML text: shared by toml.c, toml_key.c and toml_value.c. */
#ifndef KBM_SHIM_TOML_PRIVATE_H
#define KBM_SHIM_TOML_PRIVATE_H

#include <errno.h>

#include "toml.h"

struct toml_reader {
	const char *name;
	const char *at;
	const char *end;
	int line;
	struct toml *toml;
	/* Path of the table that keys go to; empty at the top. */
	char *table;
	struct problem *problem;
};

/* -EINVAL; the words follow "NAME:LINE: ". A macro, so that an analyzer knows the result. */
#define toml_wrong(reader, ...)	(toml_say(reader, __VA_ARGS__), -EINVAL)

void toml_say(const struct toml_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The next byte, -1 at the end. */
static inline int toml_peek(const struct toml_reader *reader)
{
	return reader->at < reader->end ? (unsigned char)*reader->at : -1;
}

/* If @byte is next, takes it. */
static inline bool toml_take(struct toml_reader *reader, char byte)
{
	if (toml_peek(reader) != (unsigned char)byte)
		return false;
	reader->at++;
	return true;
}

/* Blanks and tabs. */
void toml_skip_blanks(struct toml_reader *reader);

/* Blanks, comments and ends of lines. */
int toml_skip_lines(struct toml_reader *reader);

/* Nothing but a comment may follow on this line. */
int toml_end_line(struct toml_reader *reader);

/* "a.b.c" or a."b".c, with dots between the parts. The caller frees @ret. */
int toml_read_key(struct toml_reader *reader, char **ret);

/* A basic or literal string; the quote is next. The caller frees @ret. */
int toml_read_string(struct toml_reader *reader, char **ret);

/* @ret is empty after an error; else toml_value_done(). */
int toml_read_value(struct toml_reader *reader, unsigned int nesting, struct toml_value *ret);

void toml_value_done(struct toml_value *value);

#endif
