// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and strings of TOML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "toml_private.h"

/* Bytes of @code in UTF-8; 0: not a character that TOML has. */
static size_t put_utf8(unsigned long code, char to[4])
{
	if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* \uXXXX or \UXXXXXXXX; never longer than what is written. */
static int read_unicode(struct toml_reader *reader, int digits, char **to)
{
	char text[9] = "", *end;
	size_t length;

	if (reader->end - reader->at >= digits)
		memcpy(text, reader->at, (size_t)digits);
	/* strtoul() would take blanks, signs and "0x". */
	if (strspn(text, "0123456789abcdefABCDEF") != (size_t)digits)
		return toml_wrong(reader, "\\%c needs %d hexadecimal digits",
				  digits == 4 ? 'u' : 'U', digits);
	length = put_utf8(strtoul(text, &end, 16), *to);
	if (!length)
		return toml_wrong(reader, "\\%c%s is not a character that may be here",
				  digits == 4 ? 'u' : 'U', text);
	reader->at += digits;
	*to += length;
	return 0;
}

/* What follows a backslash. */
static int read_escape(struct toml_reader *reader, char **to)
{
	static const char names[] = "btnfr\"\\", bytes[] = "\b\t\n\f\r\"\\";
	int byte = toml_peek(reader);
	const char *name = byte > 0 ? strchr(names, byte) : NULL;

	if (byte >= 0)
		reader->at++;
	if (byte == 'u' || byte == 'U')
		return read_unicode(reader, byte == 'u' ? 4 : 8, to);
	if (!name)
		return toml_wrong(reader,
				  "no such escape: use \\b \\t \\n \\f \\r \\\" \\\\ \\u \\U");
	*(*to)++ = bytes[name - names];
	return 0;
}

/* Everything up to the closing quote; @to has room for all that is left. */
static int read_quoted(struct toml_reader *reader, char quote, char *to)
{
	int byte, r = 0;

	while (r == 0) {
		byte = toml_peek(reader);
		if (byte < 0 || byte == '\n' || byte == '\r')
			return toml_wrong(reader, "no closing %c on the line", quote);
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return toml_wrong(reader, "byte 0x%02x in a string: write it as \\u%04x",
					  byte, byte);
		reader->at++;
		if (byte == quote)
			break;
		if (byte == '\\' && quote == '"')
			r = read_escape(reader, &to);
		else
			*to++ = (char)byte;
	}
	*to = 0;
	return r;
}

int toml_read_string(struct toml_reader *reader, char **ret)
{
	const char *start = reader->at;
	char quote = *reader->at++;
	char *string, *fit;
	int r;

	if (reader->end - start >= 3 && start[1] == quote && start[2] == quote)
		return toml_wrong(reader, "strings over several lines are not supported here");
	string = malloc((size_t)(reader->end - start));
	if (!string)
		return -ENOMEM;
	r = read_quoted(reader, quote, string);
	if (r) {
		free(string);
		return r;
	}
	fit = realloc(string, strlen(string) + 1);
	*ret = fit ? fit : string;
	return 0;
}

static bool is_bare(int byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
}

static int read_key_part(struct toml_reader *reader, char **ret)
{
	const char *start = reader->at;
	char *part;
	int r;

	if (toml_peek(reader) == '"' || toml_peek(reader) == '\'') {
		r = toml_read_string(reader, &part);
		if (r)
			return r;
		if (!*part || strchr(part, '.')) {
			r = toml_wrong(reader, "the key '%s' is %s", part,
				       *part ? "not supported: it has a dot in quotes" : "empty");
			free(part);
			return r;
		}
		*ret = part;
		return 0;
	}
	while (is_bare(toml_peek(reader)))
		reader->at++;
	if (reader->at == start)
		return toml_wrong(reader, "neither [TABLE] nor KEY = VALUE");
	*ret = strndup(start, (size_t)(reader->at - start));
	return *ret ? 0 : -ENOMEM;
}

int toml_read_key(struct toml_reader *reader, char **ret)
{
	char *path = NULL, *part = NULL, *longer;
	int r;

	do {
		toml_skip_blanks(reader);
		r = read_key_part(reader, &part);
		if (r < 0)
			break;
		if (asprintf(&longer, "%s%s%s", path ? path : "", path ? "." : "", part) < 0)
			r = -ENOMEM;
		free(part);
		if (r < 0)
			break;
		free(path);
		path = longer;
		toml_skip_blanks(reader);
	} while (toml_take(reader, '.'));
	if (r < 0)
		free(path);
	else
		*ret = path;
	return r;
}
