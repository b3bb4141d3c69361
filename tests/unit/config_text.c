// SPDX-License-Identifier: GPL-2.0-or-later
/* configuration.toml, annotations, and the size of a sandbox. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"
#include "config/config_keys.h"
#include "config/cpu_list.h"
#include "config/problem.h"

static struct config *good(const char *text)
{
	struct problem problem = { "" };
	struct config *config = NULL;

	if (config_parse("f", text, strlen(text), &config, &problem))
		fail_msg("%s", problem.text);
	return config;
}

static void expect_words(const struct problem *problem, const char *words)
{
	if (!strstr(problem->text, words))
		fail_msg("'%s' lacks '%s'", problem->text, words);
}

static void bad(const char *text, const char *words)
{
	struct problem problem = { "" };
	struct config *config = NULL;

	assert_int_equal(config_parse("f", text, strlen(text), &config, &problem), -EINVAL);
	assert_null(config);
	expect_words(&problem, words);
}

static void test_defaults(void **state)
{
	struct config *config = good("");

	(void)state;
	assert_int_equal(config->isolation, CONFIG_WALLED);
	assert_string_equal(config->path, "");
	assert_string_equal(config->proxy, "auto");
	assert_string_equal(config->kernel, "/opt/kata-bm/boot/bzImage");
	assert_int_equal(config->node, -1);
	assert_int_equal(config->vcpus, 1);
	assert_int_equal(config->memory, 512);
	assert_int_equal(config->dial_timeout, 30);
	assert_int_equal(config->enable_annotations.nr, 3);
	assert_int_equal(config->internetworking_model, CONFIG_TCFILTER);
	config_free(config);
}

static void test_values(void **state)
{
	struct config *config = good("[hypervisor.qemu]\npath = \"/q\"\ndefault_vcpus = 4\n"
				     "isolation = \"none\"\ncpus = \"2-3,8\"\nnode = 1\n"
				     "block_device_aio = \"native\"\nshared_fs = \"virtio-9p\"\n"
				     "enable_annotations = [\"a.*\"]\nenable_debug = true\n"
				     "[agent.kata]\ndial_timeout = 5\n"
				     "[runtime]\ninternetworking_model = \"none\"\n"
				     "static_sandbox_resource_mgmt = true\n");

	(void)state;
	assert_string_equal(config->path, "/q");
	assert_int_equal(config->vcpus, 4);
	assert_int_equal(config->isolation, CONFIG_NONE);
	assert_string_equal(config->cpus, "2-3,8");
	assert_int_equal(config->node, 1);
	assert_int_equal(config->block_device_aio, CONFIG_AIO_NATIVE);
	assert_int_equal(config->enable_annotations.nr, 1);
	assert_true(config->hypervisor_debug);
	assert_false(config->agent_debug);
	assert_int_equal(config->dial_timeout, 5);
	assert_int_equal(config->internetworking_model, CONFIG_NO_NETWORK);
	config_free(config);
}

static void test_refused(void **state)
{
	(void)state;
	bad("[hypervisor.qemu]\n\ndefault_vcpu = 1\n",
	    "f:3: no such key hypervisor.qemu.default_vcpu");
	bad("[factory]\n", "f:1: no such table factory: Kata has it, but here guests are not");
	bad("[hypervisor.clh]\n", "the only hypervisor is");
	bad("x = 1\n", "f:1: no such key x; see");
	bad("[hypervisor.qemu]\nimage = \"/i\"\n",
	    "f:2: no such key hypervisor.qemu.image: Kata has it");
	bad("[hypervisor.qemu]\ndefault_vcpus = 0\n",
	    "default_vcpus needs a whole number from 1 to 512");
	bad("[hypervisor.qemu]\ndefault_vcpus = \"1\"\n", "needs a whole number");
	bad("[hypervisor.qemu]\nisolation = \"guarded\"\n",
	    "needs one of \"walled\" \"direct\" \"none\"");
	bad("[hypervisor.qemu]\nisolation = 1\n", "needs one of");
	bad("[hypervisor.qemu]\nkernel = \"bzImage\"\n", "needs an absolute path");
	bad("[hypervisor.qemu]\ncpus = \"0-3\"\n", "CPU 0");
	bad("[hypervisor.qemu]\ncpus = \"3-2\"\n", "needs a list of CPUs");
	bad("[hypervisor.qemu]\nproxy = \"tcp:x\"\n", "needs \"auto\"");
	bad("[hypervisor.qemu]\nenable_annotations = [\"(\"]\n", "not a regular expression");
	bad("[hypervisor.qemu]\nenable_annotations = [1]\n", "needs strings");
	bad("[hypervisor.qemu]\nenable_annotations = \"x\"\n", "needs an array");
	bad("[hypervisor.qemu]\nenable_debug = 1\n", "needs true or false");
	bad("[hypervisor.qemu]\nshared_fs = \"virtio-fs\"\n", "can only be \"virtio-9p\"");
	bad("[hypervisor.qemu]\nkernel_params = \"a\\nb\"\n", "control character");
	bad("[runtime]\nstatic_sandbox_resource_mgmt = false\n", "can only be true");
	bad("[hypervisor]\nqemu = 1\n", "no such key hypervisor.qemu");
	bad("[hypervisor.qemu.path]\n", "no such table hypervisor.qemu.path");
}

static void test_files(void **state)
{
	char path[] = "/tmp/kbm-config-XXXXXX";
	struct problem problem = { "" };
	struct config *config = NULL;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[runtime]\nno = 1\n", 17), 17);
	close(fd);
	assert_int_equal(config_read(path, &config, &problem), -EINVAL);
	expect_words(&problem, ":2: no such key runtime.no");
	expect_words(&problem, path);
	unlink(path);
	assert_int_equal(config_read(path, &config, &problem), -ENOENT);
	expect_words(&problem, "cannot read the configuration: No such file");
	assert_int_equal(config_read("/dev/zero", &config, &problem), -EBADF);
	assert_int_equal(config_read("/proc", &config, &problem), -EBADF);
	assert_null(config);
}

/* Each default is one that its own key takes: good("") has shown that; each key has a place. */
static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_nr_keys; i++) {
		assert_ptr_equal(config_key_find(config_keys[i].path), &config_keys[i]);
		assert_null(strpbrk(config_keys[i].path, " \t"));
	}
	assert_true(config_table_exists("hypervisor"));
	assert_true(config_table_exists("agent.kata"));
	assert_false(config_table_exists("agent.kat"));
	assert_false(config_table_exists("hypervisor.qemu.path"));
}

static char *read_text(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "r");

	assert_non_null(text);
	if (!file)
		fail_msg("no %s: start this where the repository is", path);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

/* The example has each key with its default, as a comment; the manual has each, too. */
static void test_example(void **state)
{
	char *example = read_text("shim/config/configuration.toml"), *found;
	char *manual = read_text("shim/man/configuration.toml.5"), line[256];

	(void)state;
	for (size_t i = 0; i < config_nr_keys; i++) {
		const char *name = strrchr(config_keys[i].path, '.') + 1;

		snprintf(line, sizeof(line), "\n#%s = %s\n", name, config_keys[i].standard);
		found = strstr(example, line);
		if (!found)
			fail_msg("the example has no '%s'", line + 1);
		/* And now without the mark of the comment. */
		memmove(found + 1, found + 2, strlen(found + 2) + 1);
		if (!strstr(manual, name))
			fail_msg("the manual has no %s", name);
	}
	assert_null(strstr(example, "\n#enable_debug"));
	config_free(good(example));
	free(example);
	free(manual);
}

static int annotate(struct config *config, const char *annotations, struct problem *problem)
{
	struct json_object *spec = json_tokener_parse(annotations);
	int r;

	assert_non_null(spec);
	r = config_annotate(config, spec, problem);
	json_object_put(spec);
	return r;
}

#define HYPERVISOR	"io.katacontainers.config.hypervisor."

static void test_annotations(void **state)
{
	struct config *config =
		good("[hypervisor.qemu]\nkernel_params = \"a\"\nenable_annotations = "
		     "[\"default_.*\", \"kernel_params\", \"isolation\", \"enable_debug\"]\n");
	struct problem problem = { "" };

	(void)state;
	assert_int_equal(annotate(config, "{}", &problem), 0);
	assert_int_equal(annotate(config, "{\"annotations\": {\"x\": \"y\"}}", &problem), 0);
	assert_int_equal(
		annotate(config,
			 "{\"annotations\": {\"" HYPERVISOR "default_vcpus\": \"3\", \"" HYPERVISOR
			 "kernel_params\": \"b=1\", \"" HYPERVISOR
			 "isolation\": \"direct\", \"" HYPERVISOR "enable_debug\": \"true\"}}",
			 &problem),
		0);
	assert_int_equal(config->vcpus, 3);
	assert_string_equal(config->kernel_params, "a b=1");
	assert_int_equal(config->isolation, CONFIG_DIRECT);
	assert_true(config->hypervisor_debug);
	config_free(config);
}

static void refuse_annotation(const char *annotation, int error, const char *words)
{
	struct config *config = good("[hypervisor.qemu]\nenable_annotations = [\"default_vcpus\", "
				     "\"path\", \"debug\", \"default_mem\"]\n");
	struct problem problem = { "" };
	char text[256];

	snprintf(text, sizeof(text), "{\"annotations\": {\"io.katacontainers.config.%s}}",
		 annotation);
	assert_int_equal(annotate(config, text, &problem), error);
	expect_words(&problem, words);
	config_free(config);
}

static void test_annotations_refused(void **state)
{
	(void)state;
	refuse_annotation("hypervisor.default_memory\": \"64\"", -EPERM,
			  "not allowed by enable_annotations");
	refuse_annotation("hypervisor.enable_debug\": \"true\"", -EPERM, "not allowed");
	refuse_annotation("hypervisor.path\": \"/bin/sh\"", -EPERM, "only configuration.toml");
	refuse_annotation("hypervisor.machine_type\": \"q35\"", -EINVAL, "no such key");
	refuse_annotation("default_vcpus\": \"1\"", -EINVAL, "no such key");
	refuse_annotation("hypervisor.default_vcpus\": \"x\"", -EINVAL, "needs a whole number");
	refuse_annotation("hypervisor.default_vcpus\": \"\"", -EINVAL, "needs a whole number");
	refuse_annotation("hypervisor.default_vcpus\": \"9999\"", -EINVAL, "from 1 to 512");
	refuse_annotation("hypervisor.default_vcpus\": 3", -EINVAL, "not a string");
	refuse_annotation("hypervisor.default_vcpus\": null", -EINVAL, "not a string");
}

static int size(struct config *config, const char *text, struct problem *problem)
{
	struct json_object *spec = json_tokener_parse(text);
	int r;

	assert_non_null(spec);
	r = config_size(config, spec, problem);
	json_object_put(spec);
	return r;
}

static void expect_size(const char *text, unsigned int vcpus, unsigned int memory)
{
	struct config *config = good("[hypervisor.qemu]\ndefault_vcpus = 2\ndefault_memory = 256\n"
				     "default_maxvcpus = 8\ndefault_maxmemory = 1024\n");
	struct problem problem = { "" };
	int r = size(config, text, &problem);

	if (r)
		fail_msg("%s: %s", text, problem.text);
	assert_int_equal(config->vcpus, vcpus);
	assert_int_equal(config->memory, memory);
	config_free(config);
}

static void refuse_size(const char *text, int error, const char *words)
{
	struct config *config = good("[hypervisor.qemu]\ndefault_maxvcpus = 8\n"
				     "default_maxmemory = 1024\n");
	struct problem problem = { "" };

	assert_int_equal(size(config, text, &problem), error);
	expect_words(&problem, words);
	config_free(config);
}

#define RESOURCES(cpu, memory) \
	"{\"linux\": {\"resources\": {\"cpu\": {" cpu "}, \"memory\": {" memory "}}}}"
#define POD(name, value)	"{\"annotations\": {\"io.kubernetes.cri.sandbox-" name "\": \"" value "\"}}"

static void test_sizes(void **state)
{
	(void)state;
	expect_size("{}", 2, 256);
	expect_size("{\"linux\": null}", 2, 256);
	expect_size(RESOURCES("\"quota\": 350000, \"period\": 100000", "\"limit\": 629145600"), 4,
		    600);
	expect_size(RESOURCES("\"quota\": 100001", ""), 2, 256);
	expect_size(RESOURCES("\"quota\": 200001", ""), 3, 256);
	expect_size(RESOURCES("\"quota\": -1, \"period\": 0", "\"limit\": -1"), 2, 256);
	expect_size(RESOURCES("", "\"limit\": 9223372036854771712"), 2, 256);
	expect_size(RESOURCES("", "\"limit\": 268435457"), 2, 258);
	expect_size(RESOURCES("\"shares\": 2", "\"limit\": 1000"), 2, 256);
	expect_size(POD("cpu-quota", "500000"), 5, 256);
	expect_size(POD("memory", "1073741824"), 2, 1024);
	refuse_size(POD("cpu-quota", "800001"), -ERANGE, "9 CPUs asked for, a sandbox may have 8");
	refuse_size(POD("memory", "1073741825"), -ERANGE, "1026 MiB of memory asked for");
	refuse_size(POD("memory", "9000000000000000000"), -ERANGE, "MiB of memory asked for");
	refuse_size(POD("memory", "1G"), -EINVAL, "sandbox-memory = '1G': not a whole number");
	refuse_size(RESOURCES("\"quota\": \"1\"", ""), -EINVAL, "quota in linux.resources");
	refuse_size(RESOURCES("", "\"limit\": 1.5"), -EINVAL, "limit in linux.resources");
}

static void test_cpu_lists(void **state)
{
	struct cpu_list list;
	char text[CPU_LIST_TEXT_SIZE], small[16];

	(void)state;
	assert_int_equal(cpu_list_parse("0,2-4,63,4095 rest", " ", &list), 0);
	assert_int_equal(cpu_list_count(&list), 6);
	cpu_list_print(&list, ',', text, sizeof(text));
	assert_string_equal(text, "0,2-4,63,4095");
	cpu_list_print(&list, '+', text, sizeof(text));
	assert_string_equal(text, "0+2-4+63+4095");
	cpu_list_print(&list, ',', small, sizeof(small));
	assert_string_equal(small, "0,2-4,63,...");
	cpu_list_drop(&list, 3);
	assert_false(cpu_list_has(&list, 3));
	assert_false(cpu_list_has(&list, 4096));
	assert_int_equal(cpu_list_parse("", "", &list), 0);
	cpu_list_print(&list, ',', text, sizeof(text));
	assert_string_equal(text, "none");
	assert_int_equal(cpu_list_parse("4096", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse("1,", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse("-1", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse("1-", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse(" 1", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse("1 2", "", &list), -EINVAL);
	assert_int_equal(cpu_list_parse("99999999999999999999", "", &list), -EINVAL);
}

static void test_problem(void **state)
{
	struct problem problem = { "" };
	char longer[2 * PROBLEM_SIZE];

	(void)state;
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(problem_set(NULL, -5, "x"), -5);
	assert_int_equal(problem_set(&problem, -5, "it is %d", 3), -5);
	assert_int_equal(problem_prefix(&problem, -6, "here: "), -6);
	assert_string_equal(problem.text, "here: it is 3");
	problem_set(&problem, -1, "%s", longer);
	assert_int_equal(strlen(problem.text), PROBLEM_SIZE - 1);
	problem_prefix(&problem, -1, "%s", longer);
	assert_int_equal(strlen(problem.text), PROBLEM_SIZE - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_annotations_refused),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_cpu_lists),
		cmocka_unit_test(test_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
