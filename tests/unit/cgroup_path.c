// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a sandbox's cgroup is; and a real one, where this machine lets us make one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "cgroup/cgroup.h"
#include "config/problem.h"

static struct problem problem;

static int find(const char *wanted, char **ret)
{
	struct json_object *spec = json_object_new_object();
	struct json_object *part = json_object_new_object();
	int r;

	if (wanted)
		json_object_object_add(part, "cgroupsPath", json_object_new_string(wanted));
	json_object_object_add(spec, "linux", part);
	r = cgroup_find_path(spec, "c1", ret, &problem);
	json_object_put(spec);
	return r;
}

static void is_at(const char *wanted, const char *expected)
{
	char *path = NULL;

	assert_int_equal(find(wanted, &path), 0);
	assert_string_equal(path, expected);
	free(path);
}

static void is_refused(const char *wanted)
{
	char *path = NULL;

	assert_int_equal(find(wanted, &path), -EINVAL);
	assert_null(path);
	assert_non_null(strstr(problem.text, "linux.cgroupsPath"));
}

static void test_paths(void **state)
{
	(void)state;
	is_at(NULL, "/kata_c1");
	is_at("", "/kata_c1");
	is_at("/default/r1", "/default/kata_r1");
	is_at("r1", "/kata_r1");
	is_at("a/b/c", "/a/b/kata_c");
	is_at("kubepods-burstable-podX.slice:cri-containerd:abc",
	      "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podX.slice/kata_abc");
	is_at("system.slice:docker:abc", "/system.slice/kata_abc");
	is_at(":docker:abc", "/system.slice/kata_abc");
	is_at("-.slice:docker:abc", "/kata_abc");
	is_refused("/");
	is_refused("/a/");
	is_refused("/a/../../b");
	is_refused("../b");
	is_refused("/a//b");
	is_refused("/a/./b");
	is_refused("a.service:b:c");
	is_refused(".slice:b:c");
	is_refused("a.slice:b:");
	/* No hierarchy of systemd's: a name with colons in a path. */
	is_at("/a/b:c:d", "/a/kata_b:c:d");
}

static void test_too_long(void **state)
{
	char *path = NULL, *wanted = malloc(PATH_MAX + 2);

	(void)state;
	memset(wanted, 'a', PATH_MAX);
	wanted[0] = '/';
	wanted[PATH_MAX] = 0;
	assert_int_equal(find(wanted, &path), -ENAMETOOLONG);
	free(wanted);
}

/* Lines of /proc/PID/cgroup that end so. */
static int count_in(pid_t pid, const char *path)
{
	char name[64], line[PATH_MAX];
	int nr = 0;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/cgroup", pid);
	file = fopen(name, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		nr += strlen(line) > strlen(path) &&
		      !strcmp(line + strlen(line) - strlen(path), path);
	}
	fclose(file);
	return nr;
}

/* Not longer than a test that fails. */
static void __attribute__((noreturn)) stay(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static pid_t start_child(void)
{
	pid_t child = fork();

	if (!child)
		stay();
	return child;
}

/* In @nr hierarchies. */
static pid_t start_member(const char *path, int nr)
{
	struct cgroup *cgroup;
	pid_t child = fork();

	if (!child && cgroup_join(path, &cgroup, &problem) < 0)
		_exit(1);
	if (!child)
		stay();
	for (int i = 0; i < 500 && count_in(child, path) < nr; i++)
		usleep(10000);
	assert_int_equal(count_in(child, path), nr);
	return child;
}

static void end_child(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void test_join(void **state)
{
	struct cgroup *cgroup = NULL;
	char path[64], command[128];
	pid_t child;
	int nr, r;

	(void)state;
	snprintf(path, sizeof(path), "/kbm-unit-%d/kata_x", getpid());
	r = cgroup_join(path, &cgroup, &problem);
	if (r == -EACCES || r == -EPERM || r == -EROFS || r == -ENOENT)
		skip();
	if (r < 0)
		fail_msg("%s", problem.text);
	nr = count_in(getpid(), path);
	assert_true(nr > 0);
	child = start_child();
	assert_int_equal(count_in(child, path), nr);
	/* What we have started and left there is in nobody's way. */
	assert_null(cgroup_leave(cgroup));
	assert_int_equal(count_in(getpid(), path), 0);
	assert_int_equal(count_in(child, path), 0);
	end_child(child);
	assert_null(cgroup_leave(NULL));
	/* Of another process, which does not leave by itself. */
	child = start_member(path, nr);
	assert_int_equal(cgroup_remove(path, 0.1, &problem), 0);
	assert_int_equal(count_in(child, path), 0);
	assert_int_equal(cgroup_remove(path, 0.1, &problem), 0);
	end_child(child);
	snprintf(command, sizeof(command),
		 "find /sys/fs/cgroup -name kata_x -path '*kbm-unit-%d*' "
		 "| grep . ; find /sys/fs/cgroup -name kbm-unit-%d -exec rmdir {} +",
		 getpid(), getpid());
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
