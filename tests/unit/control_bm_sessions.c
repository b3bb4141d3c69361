// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of the kernel's list of sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "list.h"
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

/* One after the other: what each reading of the file gets. */
static pid_t write_readings(const char *path, const char *const *readings)
{
	pid_t pid = fork();
	FILE *file;

	if (pid)
		return pid;
	for (; *readings; readings++) {
		file = fopen(path, "w");
		if (!file || fputs(*readings, file) < 0 || fclose(file))
			_exit(1);
		/* The reader must see the end before the next one opens. */
		usleep(100000);
	}
	_exit(0);
}

static void read_list(const char *const *readings, const char *expected)
{
	char folder[] = "/tmp/control_bm_sessions-XXXXXX";
	char *path, *text = NULL;
	int status;
	pid_t pid;

	assert_non_null(mkdtemp(folder));
	assert_true(asprintf(&path, "%s/sessions", folder) > 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	pid = write_readings(path, readings);
	assert_int_equal(list_read(path, &text), 0);
	assert_string_equal(text, expected);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(path);
	rmdir(folder);
	free(text);
	free(path);
}

/* The kernel writes it anew for each read(): "0 9" ends, and is longer as "0 10". */
static void a_list_that_changes(void **state)
{
	(void)state;
	read_list((const char *const[]){ "0 9 a\n1 9 b\n\n", "0 10 a\n1 9 b\n", "0 10 a\n1 9 b\n",
					 NULL },
		  "0 10 a\n1 9 b\n");
	read_list((const char *const[]){ "", "", NULL }, "");
}

static void no_list(void **state)
{
	char *text;

	(void)state;
	assert_int_equal(list_read("/nonexistent/sessions", &text), -2);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_line),
		cmocka_unit_test(a_session_with_nothing),
		cmocka_unit_test(what_is_no_line),
		cmocka_unit_test(too_many),
		cmocka_unit_test(a_list_that_changes),
		cmocka_unit_test(no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
