// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of TOML. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "problem.h"
#include "toml_private.h"

/* Longest: a binary number of 64 digits with an underscore between each. */
#define WORD_SIZE	136

const char *toml_type_name(enum toml_type type)
{
	static const char *const names[] = {
		[TOML_STRING] = "a string",
		[TOML_INTEGER] = "a whole number",
		[TOML_BOOLEAN] = "true or false",
		[TOML_ARRAY] = "an array",
	};

	return names[type];
}

/* Digits of @base, with single underscores between digits alone. */
static bool are_digits(const char *text, int base)
{
	static const char all[] = "0123456789abcdef";
	bool after_digit = false;

	for (; *text; text++) {
		const char *digit = memchr(all, *text | ((*text >= 'A') << 5), (size_t)base);

		if (!digit && !(*text == '_' && after_digit))
			return false;
		after_digit = digit;
	}
	return after_digit;
}

static int base_of(const char *digits)
{
	if (digits[0] != '0' || !digits[1])
		return 10;
	return digits[1] == 'x' ? 16 : digits[1] == 'o' ? 8 : digits[1] == 'b' ? 2 : 10;
}

static void drop_underscores(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != '_')
			*to++ = *text;
	*to = 0;
}

static int read_integer(struct toml_reader *reader, char *word, struct toml_value *ret)
{
	bool is_signed = *word == '+' || *word == '-';
	int base = base_of(word + is_signed);
	char *digits = word + is_signed + (base == 10 ? 0 : 2);

	if (!are_digits(digits, base) || (is_signed && base != 10))
		return toml_wrong(reader, "'%s' is not a value: strings are written in quotes",
				  word);
	if (base == 10 && digits[0] == '0' && digits[1])
		return toml_wrong(reader, "%s: a number does not begin with 0", word);
	drop_underscores(digits);
	if (base != 10)
		memmove(word, digits, strlen(digits) + 1);
	errno = 0;
	ret->integer = strtoll(word, NULL, base);
	if (errno)
		return toml_wrong(reader, "%s does not fit into 64 bits", word);
	ret->type = TOML_INTEGER;
	return 0;
}

/* Floats and dates begin like integers; they get words of their own. */
static bool looks_like_float(const char *word)
{
	const char *digits = word + strspn(word, "+-");

	if (!strcmp(digits, "inf") || !strcmp(digits, "nan"))
		return true;
	return *digits >= '0' && *digits <= '9' && digits[1] != 'x' &&
	       (strchr(digits, '.') || strchr(digits, 'e') || strchr(digits, 'E'));
}

static bool looks_like_time(const char *word)
{
	size_t digits = strspn(word, "0123456789");

	return (digits == 4 && word[4] == '-') || (digits == 2 && word[2] == ':');
}

static int read_word(struct toml_reader *reader, struct toml_value *ret)
{
	char word[WORD_SIZE];
	size_t length = 0;

	while (reader->at + length < reader->end && !strchr(" \t\r\n,]}#=", reader->at[length]))
		length++;
	if (!length)
		return toml_wrong(reader, "no value after the =");
	if (length >= sizeof(word))
		return toml_wrong(reader, "a value of %zu bytes without quotes", length);
	memcpy(word, reader->at, length);
	word[length] = 0;
	reader->at += length;
	if (!strcmp(word, "true") || !strcmp(word, "false")) {
		*ret = (struct toml_value){ .type = TOML_BOOLEAN, .boolean = *word == 't' };
		return 0;
	}
	if (looks_like_float(word))
		return toml_wrong(reader, "%s: floats are not supported here", word);
	if (looks_like_time(word))
		return toml_wrong(reader, "%s: dates and times are not supported here", word);
	return read_integer(reader, word, ret);
}

static int add_item(struct toml_reader *reader, unsigned int nesting, struct toml_value *array)
{
	struct toml_value item = { 0 };
	struct toml_value *longer;
	int r;

	if (array->nr_items == TOML_MAX_ITEMS)
		return toml_wrong(reader, "more than %d items in an array", TOML_MAX_ITEMS);
	r = toml_read_value(reader, nesting + 1, &item);
	if (r < 0)
		return r;
	longer = reallocarray(array->items, array->nr_items + 1, sizeof(*longer));
	if (!longer) {
		toml_value_done(&item);
		return -ENOMEM;
	}
	array->items = longer;
	array->items[array->nr_items++] = item;
	return 0;
}

/* Up to "]"; lines may end anywhere, a comma may be last. */
static int read_items(struct toml_reader *reader, unsigned int nesting, struct toml_value *array)
{
	int r;

	for (;;) {
		r = toml_skip_lines(reader);
		if (r < 0 || toml_take(reader, ']'))
			return r;
		if (toml_peek(reader) < 0)
			return toml_wrong(reader, "no ] at the end of an array");
		r = add_item(reader, nesting, array);
		if (r == 0)
			r = toml_skip_lines(reader);
		if (r < 0)
			return r;
		if (!toml_take(reader, ',') && toml_peek(reader) >= 0 && toml_peek(reader) != ']')
			return toml_wrong(reader, "neither , nor ] after an item of an array");
	}
}

static int read_array(struct toml_reader *reader, unsigned int nesting, struct toml_value *ret)
{
	struct toml_value array = { .type = TOML_ARRAY };
	int r;

	if (nesting == TOML_MAX_NESTING)
		return toml_wrong(reader, "arrays in arrays, more than %d deep", TOML_MAX_NESTING);
	r = read_items(reader, nesting, &array);
	if (r < 0) {
		toml_value_done(&array);
		return r;
	}
	*ret = array;
	return 0;
}

int toml_read_value(struct toml_reader *reader, unsigned int nesting, struct toml_value *ret)
{
	int r;

	toml_skip_blanks(reader);
	if (toml_take(reader, '['))
		return read_array(reader, nesting, ret);
	if (toml_peek(reader) == '{')
		return toml_wrong(reader, "inline tables, {...}, are not supported here");
	if (toml_peek(reader) != '"' && toml_peek(reader) != '\'')
		return read_word(reader, ret);
	*ret = (struct toml_value){ .type = TOML_STRING };
	r = toml_read_string(reader, &ret->string);
	return r;
}

void toml_value_done(struct toml_value *value)
{
	for (size_t i = 0; i < value->nr_items; i++)
		toml_value_done(&value->items[i]);
	free(value->items);
	free(value->string);
	*value = (struct toml_value){ 0 };
}
