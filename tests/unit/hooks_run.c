// SPDX-License-Identifier: GPL-2.0-or-later
/* OCI hooks: what config.json may say, and real programs that are run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/problem.h"
#include "hooks/hooks.h"

static struct problem problem;

static struct hooks *read_hooks(const char *text)
{
	struct json_object *spec = json_tokener_parse(text);
	struct hooks *hooks = NULL;

	assert_non_null(spec);
	assert_int_equal(hooks_new(spec, &hooks, &problem), 0);
	json_object_put(spec);
	return hooks;
}

static void is_refused(const char *text, const char *words)
{
	struct json_object *spec = json_tokener_parse(text);
	struct hooks *hooks = (struct hooks *)&problem;

	assert_non_null(spec);
	assert_int_equal(hooks_new(spec, &hooks, &problem), -EINVAL);
	assert_ptr_equal(hooks, &problem);
	assert_non_null(strstr(problem.text, words));
	json_object_put(spec);
}

static void test_refused(void **state)
{
	char text[4096] = "{\"hooks\":{\"poststop\":[", *at = text + strlen(text);

	(void)state;
	is_refused("{\"hooks\":{\"prestart\":{}}}", "hooks.prestart");
	is_refused("{\"hooks\":{\"prestart\":[5]}}", "hooks.prestart[0]: its path");
	is_refused("{\"hooks\":{\"createRuntime\":[{\"path\":\"/a\"},{\"path\":\"b\"}]}}",
		   "hooks.createRuntime[1]: its path must be an absolute one");
	is_refused("{\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"args\":\"b\"}]}}", "its args");
	is_refused("{\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"args\":[\"b\\u0000\"]}]}}",
		   "its args");
	is_refused("{\"hooks\":{\"poststart\":[{\"path\":\"/a\",\"env\":[1]}]}}", "its env");
	is_refused("{\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":0}]}}", "its timeout");
	is_refused("{\"hooks\":{\"poststop\":[{\"path\":\"/a\",\"timeout\":1.5}]}}", "its timeout");
	is_refused("{\"hooks\":{\"createContainer\":[{\"path\":\"\"}]}}", "hooks.createContainer");
	for (int i = 0; i <= HOOKS_MAX; i++)
		at += sprintf(at, "%s{\"path\":\"/a\"}", i ? "," : "");
	strcpy(at, "]}}");
	is_refused(text, "at most 64");
}

static void test_none(void **state)
{
	(void)state;
	assert_null(read_hooks("{}"));
	assert_null(read_hooks("{\"hooks\":null}"));
	assert_null(read_hooks("{\"hooks\":{\"prestart\":[],\"poststop\":null}}"));
	assert_false(hooks_have(NULL, HOOKS_PRESTART));
}

/* A loop, and what came back. */
static struct ev_loop *loop;
static char folder[32];
static char why[1024];
static char warnings[2048];
static int nr_done;

static void failed(const char *text, void *context)
{
	assert_ptr_equal(context, &loop);
	strcat(strcat(warnings, text), "\n");
}

static void done(const char *text, void *context)
{
	assert_ptr_equal(context, &loop);
	nr_done++;
	strcpy(why, text ? text : "");
}

static struct hooks_run *start(const struct hooks *hooks, enum hooks_point point, double seconds)
{
	const struct hooks_state hooks_state = { .id = "c1", .bundle = folder, .pid = 4711 };
	const struct hooks_options options = {
		.loop = loop,
		.state = &hooks_state,
		.seconds = seconds,
		.failed = point >= HOOKS_POSTSTART ? failed : NULL,
		.done = done,
		.context = &loop,
	};
	struct hooks_run *run = hooks_run(hooks, point, &options);

	/* Never from within. */
	assert_int_equal(nr_done, 0);
	return run;
}

static void run_all(const char *text, enum hooks_point point)
{
	struct hooks *hooks = read_hooks(text);

	start(hooks, point, 20);
	/* It needs them no more. */
	hooks_free(hooks);
	ev_run(loop, 0);
	assert_int_equal(nr_done, 1);
}

static char *read_file(const char *name)
{
	static char text[8192];
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	text[n] = 0;
	return text;
}

static void has_text(struct json_object *object, const char *key, const char *text)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	assert_string_equal(json_object_get_string(value), text);
}

/* What a hook is given, and that the second comes after the first. */
static void test_given(void **state)
{
	struct json_object *told;

	(void)state;
	run_all("{\"ociVersion\":\"1.1.0\",\"annotations\":{\"a\":\"b\"},\"hooks\":{\"createRuntime\":["
		"{\"path\":\"/bin/sh\",\"args\":[\"name\",\"-c\",\"sleep 0.2; cat >state; "
		"echo $0 $1 >args; env >env; pwd >pwd; ls -l /proc/self/fd | grep -c ^l >fds; "
		"echo unheard\",\"zero\",\"one\"],\"env\":[\"PATH=/usr/bin:/bin\",\"X=y z\"]},"
		"{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"read x <args; echo $x >second\"]}]}}",
		HOOKS_CREATE_RUNTIME);
	assert_string_equal(why, "");
	told = json_tokener_parse(read_file("state"));
	assert_non_null(told);
	has_text(told, "ociVersion", "1.1.0");
	has_text(told, "id", "c1");
	has_text(told, "status", "creating");
	has_text(told, "pid", "4711");
	has_text(told, "bundle", folder);
	has_text(told, "annotations", "{ \"a\": \"b\" }");
	json_object_put(told);
	assert_string_equal(read_file("args"), "zero one\n");
	assert_non_null(strstr(read_file("env"), "X=y z\n"));
	assert_null(strstr(read_file("env"), "HOME="));
	assert_string_equal(strtok(read_file("pwd"), "\n"), folder);
	/* 0, 1, 2, and the one of ls itself. */
	assert_string_equal(read_file("fds"), "4\n");
	assert_string_equal(read_file("second"), "zero one\n");
}

/* The first that fails is the last, and says why. */
static void test_failure(void **state)
{
	(void)state;
	run_all("{\"hooks\":{\"prestart\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\","
		"\"echo no bridge >&2; echo here >&2; exit 3\"]},"
		"{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo >late\"]}]}}",
		HOOKS_PRESTART);
	assert_string_equal(why, "hook prestart /bin/sh: exit status 3: no bridge here");
	assert_null(read_file("late"));
}

static void test_not_there(void **state)
{
	(void)state;
	run_all("{\"hooks\":{\"prestart\":[{\"path\":\"/nowhere/hook\"}]}}", HOOKS_PRESTART);
	assert_string_equal(why, "hook prestart /nowhere/hook: exit status 127: cannot run it: "
				 "No such file or directory");
}

/* Of what is told only, the others follow. */
static void test_poststop(void **state)
{
	(void)state;
	run_all("{\"hooks\":{\"poststop\":[{\"path\":\"/bin/false\"},{\"path\":\"/nowhere\"},"
		"{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"cat >state\"]}]}}",
		HOOKS_POSTSTOP);
	assert_string_equal(why, "");
	assert_non_null(strstr(warnings, "hook poststop /bin/false: exit status 1\n"));
	assert_non_null(strstr(warnings, "hook poststop /nowhere: "));
	assert_non_null(strstr(read_file("state"), "\"status\":\"stopped\""));
}

/* It ends, with what it has started. */
static void test_timeout(void **state)
{
	ev_tstamp begun = ev_time();
	int pid;

	(void)state;
	run_all("{\"hooks\":{\"prestart\":[{\"path\":\"/bin/sh\",\"timeout\":1,\"args\":[\"sh\",\"-c\","
		"\"sleep 100 & echo $! >child; echo waiting >&2; wait\"]}]}}",
		HOOKS_PRESTART);
	assert_true(ev_time() - begun < 15);
	assert_non_null(strstr(why, "still ran after 1 s and was killed"));
	assert_non_null(strstr(why, ": waiting"));
	pid = atoi(read_file("child"));
	assert_true(pid > 1);
	for (int i = 0; i < 100 && kill(pid, 0) == 0; i++)
		usleep(50000);
	assert_int_not_equal(kill(pid, 0), 0);
}

/* A hook that talks without end, and leaves its output open, holds nobody up. */
static void test_flood(void **state)
{
	(void)state;
	run_all("{\"hooks\":{\"prestart\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\","
		"\"sleep 3 & dd if=/dev/zero bs=65536 count=64 >&2 2>/dev/null; echo the end >&2; "
		"kill -9 $$\"]}]}}",
		HOOKS_PRESTART);
	assert_string_equal(why, "hook prestart /bin/sh: killed by signal 9: the end");
}

static void test_stop(void **state)
{
	struct hooks *hooks = read_hooks("{\"hooks\":{\"prestart\":[{\"path\":\"/bin/sleep\","
					 "\"args\":[\"sleep\",\"100\"]}]}}");
	struct hooks_run *run = start(hooks, HOOKS_PRESTART, 20);

	(void)state;
	ev_run(loop, EVRUN_ONCE);
	hooks_stop(run, "not wanted");
	assert_int_equal(nr_done, 0);
	ev_run(loop, 0);
	assert_string_equal(why, "not wanted");
	assert_int_equal(nr_done, 1);
	/* Before its first, too; and without an answer. */
	nr_done = 0;
	hooks_stop(start(hooks, HOOKS_PRESTART, 20), "never");
	ev_run(loop, 0);
	assert_string_equal(why, "never");
	nr_done = 0;
	run = start(hooks, HOOKS_PRESTART, 20);
	ev_run(loop, EVRUN_ONCE);
	hooks_run_free(run);
	ev_run(loop, 0);
	assert_int_equal(nr_done, 0);
	hooks_free(hooks);
}

/* What is kept for later has what is needed, and no more. */
static void test_kept(void **state)
{
	struct hooks *hooks = read_hooks("{\"ociVersion\":\"1\",\"process\":{},\"hooks\":{"
					 "\"prestart\":[{\"path\":\"/a\"}],"
					 "\"poststop\":[{\"path\":\"/b\"}]}}");
	struct json_object *kept = hooks_poststop_spec(hooks);

	(void)state;
	hooks_free(hooks);
	assert_string_equal(
		json_object_to_json_string_ext(kept, JSON_C_TO_STRING_PLAIN),
		"{\"hooks\":{\"poststop\":[{\"path\":\"\\/b\"}]},\"ociVersion\":\"1\"}");
	json_object_put(kept);
}

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/hooks-run-XXXXXX");
	loop = ev_loop_new(EVFLAG_AUTO);
	*why = *warnings = nr_done = 0;
	return loop && mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char command[64];

	(void)state;
	ev_loop_destroy(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_given, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_poststop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
		cmocka_unit_test_setup_teardown(test_flood, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
