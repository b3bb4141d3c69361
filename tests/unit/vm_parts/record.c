// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left on disk of a sandbox. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "vm/record.h"
#include "vm/vm.h"

static void test_record_kept(void **state)
{
	struct record mine, read_back, other;
	struct problem problem = { "" };
	char path[96];
	pid_t child;
	int fd;

	(void)state;
	assert_int_equal(record_read(folder, &read_back), -ENOENT);
	assert_int_equal(vm_kill_from_files(folder, 1, &problem), 0);
	assert_int_equal(vm_kill_from_files("/nowhere", 1, &problem), 0);
	child = fork();
	if (!child)
		wait_for_the_end();
	assert_int_equal(record_of(child, &mine), 0);
	other = mine;
	other.start++;
	/* The same number, another process. */
	assert_int_equal(record_write(folder, &other), 0);
	assert_int_equal(vm_kill_from_files(folder, 1, &problem), 0);
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0);
	assert_int_equal(record_write(folder, &mine), 0);
	assert_int_equal(record_read(folder, &read_back), 0);
	assert_int_equal(read_back.pid, child);
	assert_true(read_back.start == mine.start);
	assert_int_equal(vm_kill_from_files(folder, 5, &problem), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(record_read(folder, &read_back), -ENOENT);
	assert_int_equal(record_of(child, &mine), -ESRCH);
	snprintf(path, sizeof(path), "%s/" RECORD_FILE, folder);
	for (int i = 0; i < 4; i++) {
		static const char *const damaged[] = { "", "12", "1 5\n", "x y\n" };

		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, damaged[i], strlen(damaged[i])), strlen(damaged[i]));
		close(fd);
		assert_int_equal(vm_kill_from_files(folder, 1, &problem), -EBADMSG);
	}
	unlink(path);
}

int test_record(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_record_kept),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
