// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes into a process and comes out of it. */
#include "cases.h"

/* What goes in comes out, and the end with it. */
static void stdin_reaches_the_process(void **state)
{
	const struct container_options options = { .with_stdin = true, .drop_output = true };
	static char data[STREAM_PAYLOAD_MAX];
	size_t total = 16 * 1024 * 1024, sent = 0;
	struct process process;

	(void)state;
	assert_int_equal(container_create(&process, &guest, "cat", "cat; exit 4", &options),
			 TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	while (sent < total) {
		size_t part = stream_send(process.streams[0], data, sizeof(data));

		sent += part;
		if (!part)
			ev_run(guest.loop, EVRUN_ONCE);
	}
	stream_finish(process.streams[0]);
	assert_int_equal(process_wait(&process, 60.), 4);
	assert_int_equal(process.dropped, sent);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void much_output_arrives_whole(void **state)
{
	const struct container_options options = { .drop_output = true };
	struct process process;
	double start;

	(void)state;
	container_create(&process, &guest, "much",
			 "dd if=/dev/zero bs=1M count=64 2>/dev/null; exit 5", &options);
	start = seconds_now();
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 100.), 5);
	print_message("64 MiB through stdout: %.0f MiB/s\n", 64 / (seconds_now() - start));
	assert_int_equal(process.dropped, 64 * 1024 * 1024);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

/* 2 s, and the process's end is told though nobody took its output. */
static void output_that_is_not_taken_does_not_hide_the_end(void **state)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;
	struct process process;
	double start;

	(void)state;
	container_create(&process, &guest, "stuck", "dd if=/dev/zero bs=1M count=1; sleep 1000",
			 NULL);
	/* Its output goes nowhere: the stream's window is not opened again. */
	stream_close(process.streams[2], 0);
	process.streams[2] = NULL;
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_kill(&process, "stuck", SIGKILL), TTRPC_OK);
	request.container_id = process.container;
	start = seconds_now();
	assert_int_equal(agent_call("WaitProcess", &request), TTRPC_OK);
	assert_true(seconds_now() - start < 5.);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_terminal_has_a_size(void **state)
{
	const struct container_options options = { .terminal = true, .with_stdin = true };
	Grpc__TtyWinResizeRequest request = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;
	struct process process;

	(void)state;
	assert_int_equal(container_create(&process, &guest, "tty",
					  "read line; stty size; echo got $line; test -t 0",
					  &options),
			 TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	request.container_id = request.exec_id = (char *)"tty";
	request.row = 33;
	request.column = 132;
	assert_int_equal(agent_call("TtyWinResize", &request), TTRPC_OK);
	guest_run(&guest, &(bool){ false }, 0.1);
	assert_int_equal(stream_send(process.streams[0], "words\n", 6), 6);
	assert_int_equal(process_wait(&process, 30.), 0);
	assert_non_null(strstr(process.output, "33 132"));
	assert_non_null(strstr(process.output, "got words"));
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

int test_stdio(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(stdin_reaches_the_process),
		cmocka_unit_test(much_output_arrives_whole),
		cmocka_unit_test(output_that_is_not_taken_does_not_hide_the_end),
		cmocka_unit_test(a_terminal_has_a_size),
	};

	return cmocka_run_group_tests_name("stdio", tests, NULL, NULL);
}
