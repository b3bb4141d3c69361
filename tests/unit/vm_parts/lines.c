// SPDX-License-Identifier: GPL-2.0-or-later
/* What QEMU says, line by line, and how much of it. */
#include "parts.h"

#include <fcntl.h>
#include <sys/socket.h>

#include "vm/budget.h"
#include "vm/lines.h"

struct heard {
	int nr;
	char last[LINES_MAX + 1];
};

static void on_line(const char *line, void *context)
{
	struct heard *heard = context;

	heard->nr++;
	snprintf(heard->last, sizeof(heard->last), "%s", line);
}

static void test_lines_cut(void **state)
{
	struct ev_loop *loop = ev_loop_new(0);
	struct heard heard = { 0 };
	struct lines lines;
	char text[3000];
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	lines_start(&lines, loop, pair[0], on_line, &heard);
	assert_int_equal(write(pair[1], "one\r\n\ntwo\033[2J\n th", 17), 17);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(heard.nr, 2);
	assert_string_equal(heard.last, "two?[2J");
	memset(text, 'x', sizeof(text));
	assert_int_equal(write(pair[1], text, sizeof(text)), sizeof(text));
	close(pair[1]);
	lines_drain(&lines);
	assert_int_equal(heard.nr, 5);
	assert_int_equal(strlen(heard.last), 3 + sizeof(text) - 2 * LINES_MAX);
	lines_stop(&lines);
	ev_loop_destroy(loop);
}

static void test_budget(void **state)
{
	struct budget budget = { 0 };
	unsigned long dropped = 1;

	(void)state;
	for (int i = 0; i < BUDGET_LINES; i++)
		assert_true(budget_take(&budget, 1e9, &dropped));
	assert_int_equal(dropped, 0);
	for (int i = 0; i < 5; i++)
		assert_false(budget_take(&budget, 1e9, &dropped));
	assert_true(budget_take(&budget, 1e9 + 1, &dropped));
	assert_int_equal(dropped, 5);
	for (int i = 1; i < BUDGET_LINES_PER_SECOND; i++)
		assert_true(budget_take(&budget, 1e9 + 1, &dropped));
	assert_int_equal(dropped, 0);
	assert_false(budget_take(&budget, 1e9 + 1, &dropped));
	/* The clock is set back: no silence until it has caught up. */
	assert_true(budget_take(&budget, 1e8, &dropped));
}

int test_lines(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_cut),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
