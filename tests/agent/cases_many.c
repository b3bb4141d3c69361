// SPDX-License-Identifier: GPL-2.0-or-later
/* Many containers, and those that are given up: nothing is left. */
#include "cases.h"

#define MANY 10 /* one after the other */

/* The agent's descriptors, files, mounts and cgroups, and crun's containers. */
static void look(char *output, size_t size)
{
	const struct container_options options = { .sees_guest = true };
	struct process process;

	assert_int_equal(container_run(&process, &guest, "look",
				       "cd /guest; ls run/crun run/kata-bm run/kata-bm/*;"
				       "cat proc/1/mounts; ls proc/1/fd | wc -l;"
				       "cd sys/fs/cgroup/kata-bm; ls -d */",
				       &options),
			 0);
	assert_non_null(strstr(process.output, "look/\n"));
	snprintf(output, size, "%s", process.output);
	process_free(&process);
}

static void many_leave_nothing(void **state)
{
	char before[8192], after[8192], id[32];
	struct process process;
	double start;

	(void)state;
	look(before, sizeof(before));
	start = seconds_now();
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "many-%d", i);
		assert_int_equal(container_run(&process, &guest, id, "true", NULL), 0);
		process_free(&process);
	}
	print_message("%d containers: %.0f ms each\n", MANY, (seconds_now() - start) * 1000 / MANY);
	look(after, sizeof(after));
	assert_string_equal(after, before);
}

/* As soon as its name is free again: crun is not stopped half-way. */
static void exec_again(struct process *exec, const char *command)
{
	double limit = seconds_now() + 30.;

	while (container_exec(exec, &guest, "late", "x", command, NULL) == TTRPC_ALREADY_EXISTS) {
		assert_true(seconds_now() < limit);
		process_free(exec);
		usleep(20000);
	}
	assert_int_equal(process_wait(exec, 30.), 0);
}

static void an_exec_that_is_given_up_leaves_nothing(void **state)
{
	const struct container_options options = { .sees_guest = true };
	struct process process, exec;

	(void)state;
	container_create(&process, &guest, "late", "sleep 1000", &options);
	assert_int_equal(container_start(&process), TTRPC_OK);
	guest_limit_calls(0.005);
	assert_int_equal(container_exec(&exec, &guest, "late", "x", "exec sleep 4242", NULL),
			 TTRPC_DEADLINE_EXCEEDED);
	guest_limit_calls(0.);
	/* The agent has ended its side of the streams, too. */
	assert_true(guest_run(&guest, &exec.ended[1], 30.));
	assert_true(guest_run(&guest, &exec.ended[2], 30.));
	process_free(&exec);
	exec_again(&exec, "ps; ls /guest/run/kata-bm/containers/late");
	assert_non_null(strstr(exec.output, "sleep 1000"));
	assert_null(strstr(exec.output, "sleep 4242"));
	assert_non_null(strstr(exec.output, "config.json"));
	assert_null(strstr(exec.output, "x.json"));
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_container_that_is_given_up_leaves_nothing(void **state)
{
	char before[8192], after[8192];
	struct process process;
	double limit;

	(void)state;
	look(before, sizeof(before));
	guest_limit_calls(0.005);
	assert_int_equal(container_create(&process, &guest, "later", "sleep 4242", NULL),
			 TTRPC_DEADLINE_EXCEEDED);
	guest_limit_calls(0.);
	assert_true(guest_run(&guest, &process.ended[1], 30.));
	process_free(&process);
	limit = seconds_now() + 30.;
	while (container_create(&process, &guest, "later", "true", NULL) == TTRPC_ALREADY_EXISTS) {
		assert_true(seconds_now() < limit);
		process_free(&process);
		usleep(20000);
	}
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 30.), 0);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
	look(after, sizeof(after));
	assert_string_equal(after, before);
}

static void twenty_run_at_once(void **state)
{
	static struct process processes[20];
	char id[32];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "one-%d", i);
		assert_int_equal(container_create(&processes[i], &guest, id,
						  "sleep 0.5; echo $0 done", NULL),
				 TTRPC_OK);
		assert_int_equal(container_start(&processes[i]), TTRPC_OK);
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(process_wait(&processes[i], 60.), 0);
		assert_string_equal(processes[i].output, "sh done\n");
		assert_int_equal(container_remove(&processes[i]), TTRPC_OK);
		process_free(&processes[i]);
	}
}

int test_many(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_leave_nothing),
		cmocka_unit_test(an_exec_that_is_given_up_leaves_nothing),
		cmocka_unit_test(a_container_that_is_given_up_leaves_nothing),
		cmocka_unit_test(twenty_run_at_once),
	};

	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}
