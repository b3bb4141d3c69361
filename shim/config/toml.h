/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of TOML 1.0 that a configuration uses: tables, dotted keys, strings
 * on one line, integers, booleans, arrays of these, comments. What is left out
 * (floats, dates, inline tables, arrays of tables, strings over several lines,
 * keys with a dot in quotes) is refused by its name, with file and line.
 */
#ifndef KBM_SHIM_TOML_H
#define KBM_SHIM_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem;

#define TOML_MAX_BYTES		(1U << 20)
#define TOML_MAX_ENTRIES	1024
#define TOML_MAX_ITEMS		1024
#define TOML_MAX_NESTING	4

enum toml_type {
	TOML_STRING,
	TOML_INTEGER,
	TOML_BOOLEAN,
	TOML_ARRAY,
};

struct toml_value {
	enum toml_type type;
	/* UTF-8, without a zero byte inside. */
	char *string;
	int64_t integer;
	bool boolean;
	struct toml_value *items;
	size_t nr_items;
};

/* One "key = value"; @path has its tables, too: "hypervisor.qemu.path". */
struct toml_entry {
	char *path;
	int line;
	/* A table's head, or one that a dotted key made: it has no value. */
	bool is_table;
	/* Of a table: its head was there; a second one is a mistake. */
	bool is_defined;
	struct toml_value value;
};

struct toml {
	struct toml_entry *entries;
	size_t nr_entries;
};

/**
 * toml_parse - read a text
 * @name:	what messages call it: "NAME:LINE: what is wrong".
 * @text:	@size bytes, no end needed.
 *
 * -EINVAL or -E2BIG, and words in @problem; -ENOMEM. Free with toml_free().
 */
int toml_parse(const char *name, const char *text, size_t size, struct toml **ret,
	       struct problem *problem);

struct toml *toml_free(struct toml *toml);

static inline void cleanup_toml(struct toml **toml)
{
	toml_free(*toml);
}

const char *toml_type_name(enum toml_type type);

#endif
