// SPDX-License-Identifier: GPL-2.0-or-later
/* Containers from their start to their end. */
#include "cases.h"

static void a_container_runs_to_its_end(void **state)
{
	struct process process;

	(void)state;
	assert_int_equal(container_run(&process, &guest, "hello",
				       "echo out; echo err >&2; hostname; exit 7", NULL),
			 7);
	/* Two streams: their order is not defined. */
	assert_non_null(strstr(process.output, "out\n"));
	assert_non_null(strstr(process.output, "err\n"));
	assert_non_null(strstr(process.output, SANDBOX_NAME "\n"));
	process_free(&process);
}

static void a_container_has_a_name_of_its_own(void **state)
{
	const struct container_options options = { .hostname = "box" };
	struct process process;

	(void)state;
	assert_int_equal(container_run(&process, &guest, "named", "hostname", &options), 0);
	assert_string_equal(process.output, "box\n");
	process_free(&process);
}

/* crun relies on that, and does not copy itself. */
static void the_guests_programs_are_read_only(void **state)
{
	const struct container_options options = { .sees_guest = true };
	struct process process;

	(void)state;
	assert_int_equal(container_run(&process, &guest, "writer",
				       "test -f /guest/usr/bin/crun || exit 2;"
				       "echo >>/guest/usr/bin/crun && exit 3; cd /guest/usr/lib;"
				       "touch more && exit 4; exit 0",
				       &options),
			 0);
	process_free(&process);
}

static void a_missing_command_is_told_at_once(void **state)
{
	struct process process, exec;
	double start = seconds_now();

	(void)state;
	assert_int_equal(container_create(&process, &guest, "missing", NULL, NULL), TTRPC_UNKNOWN);
	assert_true(seconds_now() - start < 5.);
	assert_non_null(
		strstr(guest_error, "exec: \"nosuch\": executable file not found in $PATH"));
	process_free(&process);

	assert_int_equal(container_create(&process, &guest, "missing", "sleep 1000", NULL),
			 TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", NULL, NULL),
			 TTRPC_FAILED_PRECONDITION);
	process_free(&exec);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", NULL, NULL), TTRPC_UNKNOWN);
	assert_non_null(strstr(guest_error, "executable file not found in $PATH"));
	process_free(&exec);
	/* The name is free again. */
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", "exit 3", NULL), TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 3);
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_killed_one_tells_its_signal(void **state)
{
	struct process process, exec;

	(void)state;
	assert_int_equal(
		container_create(&process, &guest, "killed",
				 "trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done",
				 NULL),
		TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "killed", "exec", "exec sleep 1000", NULL),
			 TTRPC_OK);
	assert_int_equal(process_kill(&exec, "exec", SIGTERM), TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 128 + SIGTERM);
	process_free(&exec);
	assert_int_equal(process_kill(&process, "exec", SIGTERM), TTRPC_NOT_FOUND);
	/* Before, the first process of a PID namespace would not mind. */
	assert_true(process_says(&process, "ready", 30.));
	assert_int_equal(process_kill(&process, "killed", SIGTERM), TTRPC_OK);
	assert_int_equal(process_wait(&process, 30.), 9);
	assert_int_equal(process_kill(&process, "killed", SIGTERM), TTRPC_NOT_FOUND);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	assert_int_equal(container_remove(&process), TTRPC_NOT_FOUND);
	process_free(&process);
}

static void all_are_killed_at_once(void **state)
{
	struct process process, exec;

	(void)state;
	container_create(&process, &guest, "all", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "all", "exec", "sleep 1000 & wait", NULL),
			 TTRPC_OK);
	assert_int_equal(process_kill(&process, "", SIGKILL), TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 137);
	assert_int_equal(process_wait(&process, 30.), 137);
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void removing_tells_those_who_wait(void **state)
{
	struct process process;

	(void)state;
	container_create(&process, &guest, "busy", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 0.), -1);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_container_never_started_can_be_removed(void **state)
{
	struct process process, second;

	(void)state;
	assert_int_equal(container_create(&process, &guest, "idle", "true", NULL), TTRPC_OK);
	assert_int_equal(container_create(&second, &guest, "idle", "true", NULL),
			 TTRPC_ALREADY_EXISTS);
	process_free(&second);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

int test_containers(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_container_runs_to_its_end),
		cmocka_unit_test(a_container_has_a_name_of_its_own),
		cmocka_unit_test(the_guests_programs_are_read_only),
		cmocka_unit_test(a_missing_command_is_told_at_once),
		cmocka_unit_test(a_killed_one_tells_its_signal),
		cmocka_unit_test(all_are_killed_at_once),
		cmocka_unit_test(removing_tells_those_who_wait),
		cmocka_unit_test(a_container_never_started_can_be_removed),
	};

	return cmocka_run_group_tests_name("containers", tests, NULL, NULL);
}
