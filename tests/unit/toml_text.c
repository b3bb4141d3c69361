// SPDX-License-Identifier: GPL-2.0-or-later
/* The TOML reader: what it takes, and what it refuses in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/problem.h"
#include "config/toml.h"

/* A copy without a byte behind it, for the sanitizer. */
static int parse(const char *text, size_t size, struct toml **ret, struct problem *problem)
{
	char *copy = malloc(size ? size : 1);
	int r;

	assert_non_null(copy);
	memcpy(copy, text, size);
	r = toml_parse("f", copy, size, ret, problem);
	free(copy);
	return r;
}

static struct toml *good(const char *text)
{
	struct problem problem = { "" };
	struct toml *toml = NULL;

	if (parse(text, strlen(text), &toml, &problem))
		fail_msg("%s", problem.text);
	return toml;
}

static const struct toml_entry *entry(const struct toml *toml, const char *path)
{
	for (size_t i = 0; i < toml->nr_entries; i++)
		if (!strcmp(toml->entries[i].path, path))
			return &toml->entries[i];
	fail_msg("no %s", path);
	return NULL;
}

static void bad(const char *text, const char *words)
{
	struct problem problem = { "" };
	struct toml *toml = NULL;

	assert_int_equal(parse(text, strlen(text), &toml, &problem), -EINVAL);
	assert_null(toml);
	if (!strstr(problem.text, words))
		fail_msg("'%s' of '%s' lacks '%s'", problem.text, text, words);
}

static void test_types(void **state)
{
	struct toml *toml = good("a = \"x\"\nb = 'C:\\x'\nc = -12\nd = true\ne = false\n"
				 "f = [ \"p\", # first\n  'q',\n]\ng = []\nh = 0x1F\ni = 0o17\n"
				 "j = 0b101\nk = 1_000\nl = 9223372036854775807\nm = +0\n"
				 "n = -9223372036854775808\n");

	(void)state;
	assert_string_equal(entry(toml, "a")->value.string, "x");
	assert_string_equal(entry(toml, "b")->value.string, "C:\\x");
	assert_int_equal(entry(toml, "c")->value.integer, -12);
	assert_true(entry(toml, "d")->value.boolean);
	assert_false(entry(toml, "e")->value.boolean);
	assert_int_equal(entry(toml, "e")->value.type, TOML_BOOLEAN);
	assert_int_equal(entry(toml, "f")->value.nr_items, 2);
	assert_string_equal(entry(toml, "f")->value.items[1].string, "q");
	assert_int_equal(entry(toml, "g")->value.type, TOML_ARRAY);
	assert_int_equal(entry(toml, "g")->value.nr_items, 0);
	assert_int_equal(entry(toml, "h")->value.integer, 31);
	assert_int_equal(entry(toml, "i")->value.integer, 15);
	assert_int_equal(entry(toml, "j")->value.integer, 5);
	assert_int_equal(entry(toml, "k")->value.integer, 1000);
	assert_true(entry(toml, "l")->value.integer == INT64_MAX);
	assert_true(entry(toml, "n")->value.integer == INT64_MIN);
	toml_free(toml);
}

static void test_escapes(void **state)
{
	struct toml *toml = good("a = \"\\b\\t\\n\\f\\r\\\"\\\\ \\u00e9 \\U0001F600\"\n"
				 "b = \"\" # c\n");

	(void)state;
	assert_string_equal(entry(toml, "a")->value.string,
			    "\b\t\n\f\r\"\\ \xc3\xa9 \xf0\x9f\x98\x80");
	assert_string_equal(entry(toml, "b")->value.string, "");
	toml_free(toml);
	bad("a = \"\\x\"", "f:1: no such escape");
	bad("a = \"\\u12\"", "\\u needs 4 hexadecimal digits");
	bad("a = \"\\u000", "\\u needs 4");
	bad("a = \"\\u0000\"", "not a character");
	bad("a = \"\\ud800\"", "not a character");
	bad("a = \"\\U00110000\"", "not a character");
	bad("a = \"\\", "no such escape");
}

static void test_tables(void **state)
{
	struct toml *toml = good("# head\r\ntop = 1\r\n[a.b]\r\nc = 1\r\nd.e = 2\r\n\r\n"
				 "[a] # parent later\r\nx = 3\r\n[ \"q\" . 'r' ]\r\n\"s\" = 4");

	(void)state;
	assert_int_equal(entry(toml, "top")->line, 2);
	assert_int_equal(entry(toml, "a.b.c")->line, 4);
	assert_int_equal(entry(toml, "a.b.d.e")->value.integer, 2);
	assert_true(entry(toml, "a.b")->is_table);
	assert_true(entry(toml, "a.b.d")->is_table);
	assert_int_equal(entry(toml, "a")->line, 7);
	assert_int_equal(entry(toml, "a.x")->value.integer, 3);
	assert_int_equal(entry(toml, "q.r.s")->value.integer, 4);
	toml_free(toml);
	toml_free(good(""));
	toml_free(good("\n \t\n# only a comment"));
}

static void test_twice(void **state)
{
	(void)state;
	bad("a = 1\na = 2", "f:2: a is there already, in line 1");
	bad("[t]\nx=1\n\n[t]\n", "f:4: [t] is there already, in line 1");
	bad("a = 1\n[a]\n", "f:2: [a] is there already");
	bad("a = 1\na.b = 2", "f:2: a is a key with a value, of line 1, not a table");
	bad("a.b = 1\na = 2", "f:2: a is there already");
	bad("[a.b]\n[x]\n[a]\nb = 1", "f:4: a.b is there already");
}

static void test_not_supported(void **state)
{
	(void)state;
	bad("\n\na = 1.5", "f:3: 1.5: floats are not supported");
	bad("a = 1e3", "floats");
	bad("a = -inf", "floats");
	bad("a = 1979-05-27", "dates");
	bad("a = 07:32:00", "dates");
	bad("a = { b = 1 }", "inline tables");
	bad("[[a]]", "arrays of tables");
	bad("a = \"\"\"x\"\"\"", "several lines");
	bad("a = '''x'''", "several lines");
	bad("\"a.b\" = 1", "dot in quotes");
	bad("\"\" = 1", "empty");
}

static void test_damage(void **state)
{
	(void)state;
	bad("a", "no = after the key a");
	bad("a =", "no value");
	bad("a = # x", "no value");
	bad("a = 1 2", "more text after the value");
	bad("a = x", "'x' is not a value: strings are written in quotes");
	bad("a = 1__0", "not a value");
	bad("a = 1_", "not a value");
	bad("a = _1", "not a value");
	bad("a = 0x", "not a value");
	bad("a = +0x1", "not a value");
	bad("a = 012", "does not begin with 0");
	bad("a = 9223372036854775808", "64 bits");
	bad("a = \"x\nb = 1", "f:1: no closing \"");
	bad("a = 'x", "no closing '");
	bad("a = \"\x01\"", "byte 0x01 in a string");
	bad("# \x02\n", "byte 0x02 in a comment");
	bad("a = [1, 2", "no ] at the end");
	bad("a = [1 2]", "neither , nor ]");
	bad("a = [,]", "no value");
	bad("[a", "no ] after [a");
	bad("[]", "neither [TABLE] nor KEY");
	bad("= 1", "neither [TABLE] nor KEY");
	bad("a. = 1", "neither [TABLE] nor KEY");
	bad("a\n.b = 1", "no = after");
	bad("a = [[[[[1]]]]]", "more than 4 deep");
	bad("a = 1\rb = 2", "more text");
}

static void test_sizes(void **state)
{
	struct problem problem = { "" };
	struct toml *toml = NULL;
	char *text = calloc(1, TOML_MAX_BYTES + 1);
	size_t at = 0;

	(void)state;
	assert_non_null(text);
	memset(text, '#', TOML_MAX_BYTES + 1);
	assert_int_equal(parse(text, TOML_MAX_BYTES + 1, &toml, &problem), -E2BIG);
	assert_int_equal(parse(text, TOML_MAX_BYTES, &toml, &problem), 0);
	toml_free(toml);
	for (int i = 0; i <= TOML_MAX_ENTRIES; i++)
		at += (size_t)sprintf(text + at, "k%d=1\n", i);
	bad(text, "f:1025: more than 1024 keys");
	at = (size_t)sprintf(text, "a=[");
	for (int i = 0; i <= TOML_MAX_ITEMS; i++)
		at += (size_t)sprintf(text + at, "1,");
	bad(text, "more than 1024 items");
	memset(text, '1', 200);
	memcpy(text, "a=", 2);
	text[200] = 0;
	bad(text, "198 bytes without quotes");
	/* A zero byte is no end. */
	assert_int_equal(parse("a = 1\0\n", 7, &toml, &problem), -EINVAL);
	assert_int_equal(parse("a = \"\0\"\n", 8, &toml, &problem), -EINVAL);
	free(text);
}

/* Each prefix of a text that has everything: an error or not, never a byte too far. */
static void test_prefixes(void **state)
{
	static const char text[] =
		"a = \"\\u00e9\\n\" # x\r\n[b.\"c\"]\nd.e = [ 1, 0x2,\n true, 'y', ]\n";

	(void)state;
	for (size_t size = 0; size < sizeof(text); size++) {
		struct problem problem;
		struct toml *toml = NULL;
		int r = parse(text, size, &toml, &problem);

		assert_true(r == 0 || r == -EINVAL);
		toml_free(toml);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_not_supported),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_prefixes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
