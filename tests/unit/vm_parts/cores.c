// SPDX-License-Identifier: GPL-2.0-or-later
/* Which CPUs are of one core. */
#include "parts.h"

#include "config/cpu_list.h"
#include "vm/cores.h"

static void write_siblings(unsigned int cpu, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "mkdir -p %s/cpu%u/topology", folder, cpu);
	assert_int_equal(system(path), 0);
	if (!text)
		return;
	snprintf(path, sizeof(path), "%s/cpu%u/topology/thread_siblings_list", folder, cpu);
	file = fopen(path, "w");
	fprintf(file, "%s\n", text);
	fclose(file);
}

static void test_cores_read(void **state)
{
	struct cores cores = { 0 };
	char command[96];

	(void)state;
	write_siblings(0, "0-1");
	write_siblings(1, "0-1");
	write_siblings(2, "2");
	write_siblings(3, NULL);
	write_siblings(4, "4,6");
	write_siblings(5, "bad");
	assert_int_equal(cores_read(&cores, folder), 0);
	assert_int_equal(cores_next(&cores, 0), 1);
	assert_int_equal(cores_next(&cores, 1), 0);
	assert_int_equal(cores_next(&cores, 2), 2);
	assert_int_equal(cores_next(&cores, 3), 3);
	assert_int_equal(cores_next(&cores, 6), 4);
	/* Here nothing is guessed. */
	assert_true(cores_learn(&cores, 2, 3));
	assert_int_equal(cores_next(&cores, 3), 2);
	assert_int_equal(cores_next(&cores, 8), 8);
	assert_false(cores_learn(&cores, 0, 1));
	assert_false(cores_learn(&cores, 7, CPU_LIST_MAX));
	cores_done(&cores);
	snprintf(command, sizeof(command), "rm -r %s/cpu*", folder);
	assert_int_equal(system(command), 0);
}

/* Neighbours, and what was guessed is given up when the host says otherwise. */
static void test_cores_guessed(void **state)
{
	struct cores cores = { 0 };

	(void)state;
	assert_int_equal(cores_next(&cores, 5), 5);
	assert_true(cores_learn(&cores, 3, 2));
	assert_int_equal(cores_next(&cores, 8), 9);
	assert_int_equal(cores_next(&cores, 9), 8);
	assert_true(cores_learn(&cores, 8, 12));
	assert_int_equal(cores_next(&cores, 8), 12);
	assert_int_equal(cores_next(&cores, 9), 9);
	assert_int_equal(cores_next(&cores, 2), 3);
	cores_done(&cores);
}

int test_cores(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cores_read),
		cmocka_unit_test(test_cores_guessed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
