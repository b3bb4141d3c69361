// SPDX-License-Identifier: GPL-2.0-or-later
/* Which CPUs a guest gets. */
#include "parts.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "vm/placement.h"

static void open_placement(struct placement *placement, const struct config *config)
{
	struct problem problem = { "" };
	char path[96];

	snprintf(path, sizeof(path), "%s/cpus.lock", folder);
	if (placement_open(placement, config, path, &problem))
		fail_msg("%s", problem.text);
}

static void forget_cores(void)
{
	char path[96];

	snprintf(path, sizeof(path), "%s/cpus.lock", folder);
	assert_int_equal(truncate(path, 0), 0);
}

static void expect_cpus(const struct placement *placement, const char *expected)
{
	char text[CPU_LIST_TEXT_SIZE];

	cpu_list_print(&placement->cpus, ',', text, sizeof(text));
	assert_string_equal(text, expected);
}

static void test_claims(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-4,8\"\n");
	struct placement first, second;
	struct problem problem = { "" };

	(void)state;
	open_placement(&first, config);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&first, 2, &problem), 0);
	expect_cpus(&first, "2-3");
	assert_int_equal(placement_choose(&second, 3, &problem), -EBUSY);
	expect_words(problem.text,
		     "3 CPUs asked for, free are 2 (4,8) of those that guests may have "
		     "(2-4,8)");
	expect_cpus(&second, "none");
	assert_int_equal(placement_choose(&second, 2, &problem), 0);
	expect_cpus(&second, "4,8");
	placement_done(&first);
	open_placement(&first, config);
	assert_int_equal(placement_choose(&first, 2, &problem), 0);
	expect_cpus(&first, "2-3");
	placement_done(&first);
	placement_done(&second);
	config_free(config);
}

static void test_refusals(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-9\"\n");
	struct placement placement;
	struct problem problem = { "" };

	(void)state;
	open_placement(&placement, config);
	assert_int_equal(placement_choose(&placement, 2, &problem), 0);
	assert_false(placement_refused(&placement, "qemu: cannot lend 512 MiB of memory: no"));
	assert_false(placement_refused(&placement, "qemu: cannot lend CPU x"));
	assert_false(placement_refused(&placement, "qemu: cannot lend CPU 7: it is not of ours"));
	expect_cpus(&placement, "2-3");
	assert_true(placement_refused(&placement,
				      "kata-bm: cannot lend CPU 3: CPU 3 is lent already; "
				      "online are 0-2,5,7"));
	expect_cpus(&placement, "none");
	assert_int_equal(placement_choose(&placement, 2, &problem), 0);
	expect_cpus(&placement, "2,5");
	assert_true(placement_refused(&placement, "cannot lend CPU 2: CPU 2 is offline; bring it"));
	assert_int_equal(placement_choose(&placement, 3, &problem), -EBUSY);
	expect_words(problem.text, "free are 2 (5,7) of those that guests may have (5,7)");
	placement_done(&placement);
	config_free(config);
}

/* The host says which CPUs are of one core; the others are guessed from that. */
static void test_whole_cores(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2-7,10-15\"\n");
	struct placement first, second;
	struct problem problem = { "" };

	(void)state;
	open_placement(&first, config);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&first, 3, &problem), 0);
	expect_cpus(&first, "2-4");
	assert_true(placement_refused(&first,
				      "kata-bm: no vCPU on CPU 2: CPU 2 shares its core with CPU "
				      "10, which is not lent to this guest; lend both"));
	expect_cpus(&first, "none");
	assert_int_equal(placement_choose(&first, 3, &problem), 0);
	expect_cpus(&first, "2-3,10-11");
	/* The other was open before that, and has to learn as well. */
	assert_int_equal(placement_choose(&second, 1, &problem), 0);
	expect_cpus(&second, "4");
	assert_true(placement_refused(&second, "CPU 4 shares its core with CPU 12, which is"));
	assert_int_equal(placement_choose(&second, 9, &problem), -EBUSY);
	expect_words(problem.text, "9 CPUs asked for, free are 8 (4-7,12-15) of those that guests "
				   "may have (2-7,10-15), in whole cores: end");
	assert_int_equal(placement_choose(&second, 8, &problem), 0);
	expect_cpus(&second, "4-7,12-15");
	/* What is known already is no reason to try again. */
	assert_false(placement_refused(&second, "CPU 4 shares its core with CPU 12, which is"));
	assert_false(placement_refused(&second, "CPU 3 shares its core with CPU 9, which is"));
	assert_false(placement_refused(&second, " shares its core with CPU "));
	placement_done(&second);
	/* Who comes later knows it, and what was guessed from it. */
	open_placement(&second, config);
	assert_int_equal(placement_choose(&second, 3, &problem), 0);
	expect_cpus(&second, "4-5,12-13");
	forget_cores();
	placement_done(&first);
	placement_done(&second);
	config_free(config);
}

/* The claim is QEMU's, too: it outlives the process that made it. */
static void test_claim_is_inherited(void **state)
{
	struct config *config = configure("[hypervisor.qemu]\ncpus = \"2\"\n");
	struct placement first, second;
	struct problem problem = { "" };
	pid_t child;

	(void)state;
	open_placement(&first, config);
	assert_int_equal(placement_choose(&first, 1, &problem), 0);
	child = fork();
	if (!child)
		wait_for_the_end();
	placement_done(&first);
	open_placement(&second, config);
	assert_int_equal(placement_choose(&second, 1, &problem), -EBUSY);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(placement_choose(&second, 1, &problem), 0);
	placement_done(&second);
	config_free(config);
}

int test_placement(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_whole_cores),
		cmocka_unit_test(test_claim_is_inherited),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
