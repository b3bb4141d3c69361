// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether there is memory for a guest. */
#include "parts.h"

#include <errno.h>

#include "vm/machine.h"
#include "vm/memory.h"

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static int check_memory(const char *keys, bool is_direct, struct problem *problem)
{
	char text[128], lendable[96], info[96];
	struct json_object *spec = json_object_new_object();
	struct config *config;
	int r;

	snprintf(text, sizeof(text), "[hypervisor.qemu]\n%s\n", keys);
	config = configure(text);
	assert_int_equal(config_size(config, spec, problem), 0);
	snprintf(lendable, sizeof(lendable), "%s/lendable", folder);
	snprintf(info, sizeof(info), "%s/info", folder);
	r = memory_check(config, is_direct, lendable, info, problem);
	config_free(config);
	json_object_put(spec);
	return r;
}

static void test_memory_check(void **state)
{
	struct problem problem = { "" };
	char lendable[96], info[96];

	(void)state;
	snprintf(lendable, sizeof(lendable), "%s/lendable", folder);
	snprintf(info, sizeof(info), "%s/info", folder);
	/* Where nothing can be seen the host decides. */
	assert_int_equal(check_memory("default_memory = 8192", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 8192", false, &problem), 0);
	write_file(lendable, "0 0x100000000 0x20000000 lent\n0 0x120000000 0x10000000 free\n"
			     "1 0x200000000 0x20000000 free\n1 0x220000000 0x20000000 lent\n"
			     "1 0x240000000 0x4000000 free\n");
	write_file(info, "MemTotal: 9000000 kB\nMemAvailable:    1048576 kB\n");
	assert_int_equal(check_memory("default_memory = 512", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 514", true, &problem), -EBUSY);
	expect_words(problem.text,
		     "514 MiB of memory asked for, free in one piece are 512 MiB (832 in all of "
		     "the 1856 MiB that guests may have): end another sandbox");
	assert_int_equal(check_memory("default_memory = 256\nnode = 0", true, &problem), 0);
	assert_int_equal(check_memory("default_memory = 512\nnode = 0", true, &problem), -EBUSY);
	expect_words(problem.text, "are 256 MiB (256 in all of the 768 MiB that guests may have "
				   "on node 0)");
	assert_int_equal(check_memory("default_memory = 1024", false, &problem), 0);
	assert_int_equal(check_memory("default_memory = 1026", false, &problem), -EBUSY);
	expect_words(problem.text, "1026 MiB of memory asked for, available on this machine are "
				   "1024 MiB: end another sandbox");
	unlink(lendable);
	unlink(info);
}

int test_memory(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_check),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
