// SPDX-License-Identifier: GPL-2.0-or-later
#include "toml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"
#include "toml_private.h"

void toml_say(const struct toml_reader *reader, const char *format, ...)
{
	char text[PROBLEM_SIZE];
	va_list values;

	va_start(values, format);
	vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	problem_say(reader->problem, "%s:%d: %s", reader->name, reader->line, text);
}

void toml_skip_blanks(struct toml_reader *reader)
{
	while (toml_peek(reader) == ' ' || toml_peek(reader) == '\t')
		reader->at++;
}

/* A line feed, with a carriage return before it or not. */
static bool take_line_end(struct toml_reader *reader)
{
	if (reader->end - reader->at >= 2 && reader->at[0] == '\r' && reader->at[1] == '\n')
		reader->at++;
	if (!toml_take(reader, '\n'))
		return false;
	reader->line++;
	return true;
}

static int skip_comment(struct toml_reader *reader)
{
	int byte;

	if (!toml_take(reader, '#'))
		return 0;
	for (;;) {
		byte = toml_peek(reader);
		if (byte < 0 || byte == '\n')
			return 0;
		if (byte == '\r' && reader->end - reader->at >= 2 && reader->at[1] == '\n')
			return 0;
		if ((byte < ' ' && byte != '\t') || byte == 0x7f)
			return toml_wrong(reader, "byte 0x%02x in a comment", byte);
		reader->at++;
	}
}

int toml_skip_lines(struct toml_reader *reader)
{
	int r;

	do {
		toml_skip_blanks(reader);
		r = skip_comment(reader);
		if (r < 0)
			return r;
	} while (take_line_end(reader));
	return 0;
}

int toml_end_line(struct toml_reader *reader)
{
	int r;

	toml_skip_blanks(reader);
	r = skip_comment(reader);
	if (r < 0)
		return r;
	if (toml_peek(reader) < 0 || take_line_end(reader))
		return 0;
	return toml_wrong(reader, "more text after the value: one key or table a line");
}

static struct toml_entry *find_entry(const struct toml *toml, const char *path)
{
	for (size_t i = 0; i < toml->nr_entries; i++)
		if (!strcmp(toml->entries[i].path, path))
			return &toml->entries[i];
	return NULL;
}

/* @ret is valid until the next call. */
static int add_entry(struct toml_reader *reader, const char *path, bool is_table,
		     struct toml_entry **ret)
{
	struct toml *toml = reader->toml;
	struct toml_entry *entry;

	if (toml->nr_entries == TOML_MAX_ENTRIES)
		return toml_wrong(reader, "more than %d keys and tables", TOML_MAX_ENTRIES);
	entry = &toml->entries[toml->nr_entries];
	*entry = (struct toml_entry){ .line = reader->line, .is_table = is_table };
	entry->path = strdup(path);
	if (!entry->path)
		return -ENOMEM;
	toml->nr_entries++;
	*ret = entry;
	return 0;
}

/* All tables that @path is in; a key of the same name as one is a mistake. */
static int add_tables_above(struct toml_reader *reader, char *path)
{
	struct toml_entry *entry;
	int r = 0;

	for (char *dot = strchr(path, '.'); dot && r == 0; dot = strchr(dot + 1, '.')) {
		*dot = 0;
		entry = find_entry(reader->toml, path);
		if (entry && !entry->is_table)
			r = toml_wrong(reader, "%s is a key with a value, of line %d, not a table",
				       path, entry->line);
		else if (!entry)
			r = add_entry(reader, path, true, &entry);
		*dot = '.';
	}
	return r;
}

static int define_table(struct toml_reader *reader, char *path)
{
	struct toml_entry *entry;
	int r = add_tables_above(reader, path);

	if (r < 0)
		return r;
	entry = find_entry(reader->toml, path);
	if (entry && (!entry->is_table || entry->is_defined))
		return toml_wrong(reader, "[%s] is there already, in line %d", path, entry->line);
	if (!entry)
		r = add_entry(reader, path, true, &entry);
	if (r)
		return r;
	entry->is_defined = true;
	entry->line = reader->line;
	return 0;
}

/* "[a.b]" */
static int read_table(struct toml_reader *reader)
{
	char *path;
	int r;

	if (toml_peek(reader) == '[')
		return toml_wrong(reader, "arrays of tables, [[...]], are not supported here");
	r = toml_read_key(reader, &path);
	if (r < 0)
		return r;
	free(reader->table);
	reader->table = path;
	if (!toml_take(reader, ']'))
		return toml_wrong(reader, "no ] after [%s", path);
	return define_table(reader, path);
}

/* Key @path gets the value that follows. */
static int read_value_of(struct toml_reader *reader, char *path)
{
	struct toml_entry *entry = find_entry(reader->toml, path);
	int r;

	if (entry)
		return toml_wrong(reader, "%s is there already, in line %d", path, entry->line);
	r = add_tables_above(reader, path);
	if (r == 0)
		r = add_entry(reader, path, false, &entry);
	if (r < 0)
		return r;
	return toml_read_value(reader, 0, &entry->value);
}

/* "key = value" */
static int read_pair(struct toml_reader *reader)
{
	char *key, *path = NULL;
	int r;

	r = toml_read_key(reader, &key);
	if (r < 0)
		return r;
	if (!toml_take(reader, '='))
		r = toml_wrong(reader, "no = after the key %s", key);
	else if (asprintf(&path, "%s%s%s", reader->table ? reader->table : "",
			  reader->table ? "." : "", key) < 0)
		r = -ENOMEM;
	else
		r = read_value_of(reader, path);
	free(key);
	free(path);
	return r;
}

static int read_all(struct toml_reader *reader)
{
	int r = toml_skip_lines(reader);

	while (r == 0 && toml_peek(reader) >= 0) {
		r = toml_take(reader, '[') ? read_table(reader) : read_pair(reader);
		if (r == 0)
			r = toml_end_line(reader);
		if (r == 0)
			r = toml_skip_lines(reader);
	}
	return r;
}

int toml_parse(const char *name, const char *text, size_t size, struct toml **ret,
	       struct problem *problem)
{
	struct toml_reader reader = {
		.name = name, .at = text, .end = text + size, .line = 1, .problem = problem,
	};
	int r;

	if (size > TOML_MAX_BYTES)
		return problem_set(problem, -E2BIG, "%s: has %zu bytes, more than %u", name, size,
				   TOML_MAX_BYTES);
	reader.toml = calloc(1, sizeof(*reader.toml));
	if (!reader.toml)
		return -ENOMEM;
	reader.toml->entries = calloc(TOML_MAX_ENTRIES, sizeof(*reader.toml->entries));
	r = reader.toml->entries ? read_all(&reader) : -ENOMEM;
	free(reader.table);
	if (r < 0) {
		toml_free(reader.toml);
		return r;
	}
	*ret = reader.toml;
	return 0;
}

struct toml *toml_free(struct toml *toml)
{
	if (!toml)
		return NULL;
	for (size_t i = 0; i < toml->nr_entries; i++) {
		free(toml->entries[i].path);
		toml_value_done(&toml->entries[i].value);
	}
	free(toml->entries);
	free(toml);
	return NULL;
}
