// SPDX-License-Identifier: GPL-2.0-or-later
/* config.json on its way into a guest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"
#include "oci/oci.h"
#include "task/spec.h"

static struct problem problem;
static char folder[] = "/tmp/shim-spec-XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/config.json", folder);
	unlink(path);
	return rmdir(folder);
}

static int read_spec(const char *text, struct json_object **ret)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "%s/config.json", folder);
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	problem.text[0] = 0;
	return spec_read(folder, ret, &problem);
}

static void test_read(void **state)
{
	struct json_object *spec;
	char *deep = calloc(1, 1000);

	(void)state;
	assert_int_equal(spec_read("/nowhere", &spec, &problem), -ENOENT);
	assert_non_null(strstr(problem.text, "/nowhere/config.json"));
	assert_int_equal(read_spec("{\"hostname\":\"h\"}", &spec), 0);
	assert_string_equal(spec_hostname(spec), "h");
	json_object_put(spec);
	assert_int_equal(read_spec("{\"hostname\":", &spec), -EINVAL);
	assert_int_equal(read_spec("", &spec), -EINVAL);
	assert_int_equal(read_spec("[1]", &spec), -EINVAL);
	assert_non_null(strstr(problem.text, "object"));
	memset(deep, '[', 999);
	assert_int_equal(read_spec(deep, &spec), -EINVAL);
	free(deep);
	assert_int_equal(spec_read("/proc/self", &spec, &problem), -ENOENT);
}

/* No file at all, and one that is too large. */
static void test_read_limits(void **state)
{
	struct json_object *spec;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/config.json", folder);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(spec_read(folder, &spec, &problem), -EINVAL);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(truncate(path, OCI_TEXT_MAX + 1), 0);
	assert_int_equal(spec_read(folder, &spec, &problem), -EINVAL);
	assert_non_null(strstr(problem.text, " MiB"));
}

static int detach(const char *text, enum pod_role role, struct json_object **ret_spec,
		  bool *ret_pidns)
{
	struct config config = { .disable_guest_seccomp = false };
	int r;

	*ret_spec = json_tokener_parse(text);
	assert_non_null(*ret_spec);
	problem.text[0] = 0;
	r = spec_detach(*ret_spec, &config, role, ret_pidns, &problem);
	return r;
}

static void spec_is(struct json_object *spec, const char *wanted)
{
	assert_string_equal(json_object_to_json_string_ext(
				    spec, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
			    wanted);
	json_object_put(spec);
}

static void test_single(void **state)
{
	struct json_object *spec;
	bool pidns;

	(void)state;
	assert_int_equal(detach("{\"hostname\":\"h\",\"process\":{\"apparmorProfile\":\"a\","
				"\"selinuxLabel\":\"s\",\"cwd\":\"/\"},\"linux\":{\"namespaces\":["
				"{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},"
				"{\"type\":\"network\",\"path\":\"/run/netns/x\"},"
				"{\"type\":\"mount\"}],\"resources\":{\"cpu\":{\"cpus\":\"1-3\","
				"\"mems\":\"0\",\"quota\":5}},\"mountLabel\":\"m\"}}",
				POD_SINGLE, &spec, &pidns),
			 0);
	assert_false(pidns);
	spec_is(spec,
		"{\"hostname\":\"h\",\"process\":{\"cwd\":\"/\"},\"linux\":{\"namespaces\":["
		"{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}],"
		"\"resources\":{\"cpu\":{\"quota\":5}}}}");
}

static void test_pod(void **state)
{
	struct json_object *spec;
	bool pidns;

	(void)state;
	assert_int_equal(detach("{\"hostname\":\"h\",\"linux\":{\"namespaces\":["
				"{\"type\":\"pid\",\"path\":\"/proc/7/ns/pid\"},"
				"{\"type\":\"ipc\",\"path\":\"/proc/7/ns/ipc\"},"
				"{\"type\":\"uts\",\"path\":\"/proc/7/ns/uts\"},"
				"{\"type\":\"mount\"}]}}",
				POD_CONTAINER, &spec, &pidns),
			 0);
	assert_true(pidns);
	spec_is(spec, "{\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]}}");
}

static void refused(const char *text, int error, const char *word)
{
	struct json_object *spec;
	bool pidns;

	assert_int_equal(detach(text, POD_SINGLE, &spec, &pidns), error);
	assert_non_null(strstr(problem.text, word));
	json_object_put(spec);
}

static void test_refused(void **state)
{
	(void)state;
	refused("{\"linux\":{\"namespaces\":[{\"type\":\"ipc\"}]}}", -EOPNOTSUPP, "pid");
	refused("{\"linux\":{\"namespaces\":[{\"type\":\"pid\"}]}}", -EOPNOTSUPP, "ipc");
	refused("{\"linux\":{}}", -EOPNOTSUPP, "pid");
	refused("{\"windows\":{}}", -EINVAL, "linux");
	refused("{\"linux\":7}", -EINVAL, "linux");
}

/* Of any JSON: nothing but an error may come of it. */
static void test_strange(void **state)
{
	static const char *const texts[] = {
		"{\"linux\":{\"namespaces\":{\"type\":\"pid\"}}}",
		"{\"linux\":{\"namespaces\":[1,null,[],{\"type\":5},{\"path\":{}}]}}",
		"{\"linux\":{\"resources\":[{\"cpu\":1}]},\"process\":\"x\"}",
		"{\"linux\":{\"resources\":{\"cpu\":[]}}}",
	};
	struct json_object *spec;
	bool pidns;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(detach(texts[i], POD_SINGLE, &spec, &pidns), -EOPNOTSUPP);
		json_object_put(spec);
	}
}

static void test_pack(void **state)
{
	Grpc__LinuxResources *resources;
	Grpc__Process *process;
	static const char text[] = "{\"args\":[\"a\",\"b\"],\"apparmorProfile\":\"x\","
				   "\"cwd\":\"/\"}rest";

	(void)state;
	assert_int_equal(spec_pack_process(text, strlen(text) - 4, &process, &problem), 0);
	assert_int_equal(process->n_args, 2);
	assert_string_equal(process->apparmorprofile, "");
	assert_string_equal(process->selinuxlabel, "");
	grpc__process__free_unpacked(process, NULL);
	assert_int_equal(spec_pack_process("[", 1, &process, &problem), -EINVAL);
	assert_int_equal(spec_pack_process("", 0, &process, &problem), -EINVAL);
	assert_int_equal(spec_pack_resources("{\"cpu\":{\"cpus\":\"9\",\"quota\":7}}", 30,
					     &resources, &problem),
			 0);
	assert_string_equal(resources->cpu->cpus, "");
	assert_int_equal(resources->cpu->quota, 7);
	grpc__linux_resources__free_unpacked(resources, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),	cmocka_unit_test(test_read_limits),
		cmocka_unit_test(test_single),	cmocka_unit_test(test_pod),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_strange),
		cmocka_unit_test(test_pack),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
