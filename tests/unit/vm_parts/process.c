// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes that are started and ended. */
#include "parts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "vm/process.h"

static void read_all(int fd, char *text, size_t size)
{
	size_t used = 0;
	ssize_t length;

	while ((length = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)length;
	text[used] = 0;
}

static void test_process_life(void **state)
{
	char *const words[] = { "sh", "-c", "ls /proc/self/fd; read x <&4; echo $x; exit 7", NULL };
	char *const missing[] = { "/nowhere/qemu", NULL };
	int output[2], input[2], fds[3], pidfd, leak = open("/dev/null", O_RDWR);
	siginfo_t info;
	char text[512];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(output), 0);
	assert_int_equal(pipe(input), 0);
	assert_true(leak >= 0);
	/* Crosswise, and one that is not there. */
	fds[0] = -1;
	fds[1] = input[0];
	fds[2] = 3;
	assert_int_equal(write(input[1], "hello\n", 6), 6);
	assert_int_equal(process_start(words, fds, 3, output[1], &pid, &pidfd), 0);
	close(output[1]);
	read_all(output[0], text, sizeof(text));
	/* ls has its directory open at the first that is free. */
	assert_string_equal(text, "0\n1\n2\n3\n4\n5\nhello\n");
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 7);
	close(pidfd);
	close(output[0]);
	assert_int_equal(pipe(output), 0);
	assert_int_equal(process_start(missing, NULL, 0, output[1], &pid, &pidfd), 0);
	close(output[1]);
	read_all(output[0], text, sizeof(text));
	assert_string_equal(text, "/nowhere/qemu: cannot run it: No such file or directory\n");
	assert_int_equal(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 127);
	close(pidfd);
	close(output[0]);
	close(input[0]);
	close(input[1]);
	close(leak);
}

/* It ends with the process that started it. */
static void test_process_ends_with_us(void **state)
{
	char *const words[] = { "sleep", "1000", NULL };
	struct pollfd end = { .events = POLLIN };
	int report[2], pidfd = -1;
	pid_t pid = 0, child;

	(void)state;
	assert_int_equal(pipe(report), 0);
	child = fork();
	if (!child) {
		process_start(words, NULL, 0, 2, &pid, &pidfd);
		_exit(write(report[1], &pid, sizeof(pid)) == sizeof(pid) && pause());
	}
	assert_int_equal(read(report[0], &pid, sizeof(pid)), sizeof(pid));
	assert_true(pid > 0);
	end.fd = process_open(pid);
	assert_true(end.fd >= 0);
	assert_int_equal(poll(&end, 1, 200), 0);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(poll(&end, 1, 5000), 1);
	close(end.fd);
	close(report[0]);
	close(report[1]);
}

int test_process(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process_life),
		cmocka_unit_test(test_process_ends_with_us),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
