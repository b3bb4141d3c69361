// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the kernel's list of sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sessions.h"

static struct session session;

static int parse(const char *text)
{
	char *line = strdup(text);
	int r = session_parse(line, &session);

	free(line);
	return r;
}

static void a_whole_line(void **state)
{
	(void)state;
	assert_int_equal(parse("7 13 served orphan redis-1 4,6 "
			       "0x140000000+0x20000000,0x200000000+0x200000\n"), 0);
	assert_int_equal(session.index, 7);
	assert_int_equal(session.sequence, 13);
	assert_string_equal(session.state, "served");
	assert_string_equal(session.name, "redis-1");
	assert_true(session_is_orphan(&session));
	assert_int_equal(session.nr_cpus, 2);
	assert_int_equal(session.apic_ids[1], 6);
	assert_int_equal(session.nr_extents, 2);
	assert_int_equal(session.extents[0].bytes, 0x20000000);
	assert_int_equal(session.extents[1].start, 0x200000000);
}

static void a_session_with_nothing(void **state)
{
	(void)state;
	assert_int_equal(parse("0 1 idle open - - -\n"), 0);
	assert_false(session_is_orphan(&session));
	assert_int_equal(session.nr_cpus, 0);
	assert_int_equal(session.nr_extents, 0);
}

static void what_is_no_line(void **state)
{
	static const char *const lines[] = {
		"", "\n", "7", "7 13 served orphan name 4 ", "7 13 served orphan name 4 - more",
		"x 13 served open - - -", "-1 13 served open - - -", "512 1 served open - - -",
		"7 4294967296 served open - - -", "7 1 served open - 4, -", "7 1 served open - 4;5 -",
		"7 1 served open - - 0x1", "7 1 served open - - 0x1+", "7 1 served open - - 0x1+0x2,",
		"7 1 served-and-much-more open - - -",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		print_message("%s\n", lines[i]);
		assert_int_equal(parse(lines[i]), -22);
	}
}

/* More than the tables hold. */
static void too_many(void **state)
{
	char line[8192] = "7 1 served open - ";

	(void)state;
	for (int i = 0; i <= SESSION_MAX_CPUS; i++)
		strcat(line, i ? ",1" : "1");
	strcat(line, " -");
	assert_int_equal(parse(line), -22);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_line),
		cmocka_unit_test(a_session_with_nothing),
		cmocka_unit_test(what_is_no_line),
		cmocka_unit_test(too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
