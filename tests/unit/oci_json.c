// SPDX-License-Identifier: GPL-2.0-or-later
/* oci/: config.json to messages and back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/oci.h"

/* What containerd writes, in small; keys in the order of the descriptors. */
static const char config[] =
	"{\"ociVersion\":\"1.0.2-dev\",\"process\":{\"terminal\":true,"
	"\"user\":{\"uid\":0,\"gid\":7,\"additionalGids\":[0,20],\"umask\":0},"
	"\"args\":[\"sh\",\"-c\",\"echo \\\"ä\\\"\"],\"env\":[\"PATH=/bin\"],"
	"\"cwd\":\"/\",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,"
	"\"soft\":0}],\"noNewPrivileges\":true,\"oomScoreAdj\":-998},"
	"\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/proc\","
	"\"source\":\"proc\",\"type\":\"proc\",\"options\":[\"nosuid\"]}],"
	"\"annotations\":{\"a/b\":\"c\",\"ociVersion\":\"\"},"
	"\"linux\":{\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"resources\":{"
	"\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,"
	"\"type\":\"c\",\"major\":1,\"minor\":0,\"access\":\"rwm\"}],"
	"\"memory\":{\"limit\":-1},\"cpu\":{\"shares\":1024,\"idle\":0},"
	"\"blockIO\":{\"throttleReadIOPSDevice\":[{\"major\":8,\"minor\":0,"
	"\"rate\":0}]},\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0}],"
	"\"unified\":{\"memory.high\":\"max\"}},\"cgroupsPath\":\"/default/x\","
	"\"namespaces\":[{\"type\":\"pid\"}],\"seccomp\":{"
	"\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":[{\"names\":[\"clone3\"],"
	"\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":38,\"args\":[{\"index\":0,"
	"\"value\":0,\"valueTwo\":0,\"op\":\"SCMP_CMP_EQ\"}]}]},"
	"\"timeOffsets\":{\"boottime\":{\"secs\":-5,\"nanosecs\":0}}}}";

static Grpc__Spec *parse(const char *text, struct oci_report *report)
{
	Grpc__Spec *spec;

	assert_int_equal(oci_spec_from_json(text, strlen(text), report, &spec),
			 0);
	return spec;
}

static void a_config_survives_both_ways(void **state)
{
	struct oci_report report;
	Grpc__Spec *spec = parse(config, &report);
	char *text;

	(void)state;
	assert_int_equal(report.left_out_count, 0);
	assert_string_equal(spec->process->args[2], "echo \"ä\"");
	assert_int_equal(spec->process->rlimits[0]->hard, UINT64_MAX);
	assert_int_equal(spec->process->oomscoreadj, -998);
	assert_int_equal(spec->linux->resources->devices[0]->major, -1);
	assert_int_equal(spec->linux->resources->devices[1]->minor, 0);
	assert_int_equal(oci_message_to_json(&spec->base, &text), 0);
	assert_string_equal(text, config);
	free(text);
	grpc__spec__free_unpacked(spec, NULL);
	oci_report_done(&report);
}

/* The agent gets it packed; presence of 0 must not be lost there. */
static void a_config_survives_the_wire(void **state)
{
	struct oci_report report;
	Grpc__Spec *spec = parse(config, &report);
	size_t size = grpc__spec__get_packed_size(spec);
	uint8_t *wire = malloc(size);
	char *text;

	(void)state;
	grpc__spec__pack(spec, wire);
	grpc__spec__free_unpacked(spec, NULL);
	spec = grpc__spec__unpack(NULL, size, wire);
	assert_non_null(spec);
	assert_int_equal(oci_message_to_json(&spec->base, &text), 0);
	assert_string_equal(text, config);
	free(text);
	free(wire);
	grpc__spec__free_unpacked(spec, NULL);
	oci_report_done(&report);
}

static void what_has_no_place_is_named(void **state)
{
	struct oci_report report;
	Grpc__Spec *spec = parse("{\"hooks\":{},\"vm\":null,\"x\\u0007y\":1,"
				 "\"mounts\":[{},{\"destination\":\"/a\","
				 "\"later\":[]}]}",
				 &report);

	(void)state;
	assert_int_equal(report.left_out_count, 3);
	assert_string_equal(report.left_out[0], "hooks");
	assert_string_equal(report.left_out[1], "x?y");
	assert_string_equal(report.left_out[2], "mounts[1].later");
	assert_string_equal(spec->mounts[1]->destination, "/a");
	grpc__spec__free_unpacked(spec, NULL);
	oci_report_done(&report);
}

static void many_unknown_keys_are_counted(void **state)
{
	char text[8192] = "{\"k0\":0";
	struct oci_report report;
	Grpc__Spec *spec;

	(void)state;
	for (int i = 1; i < 100; i++)
		sprintf(text + strlen(text), ",\"k%d\":0", i);
	strcat(text, "}");
	spec = parse(text, &report);
	assert_int_equal(report.left_out_count, 100);
	grpc__spec__free_unpacked(spec, NULL);
	oci_report_done(&report);
}

static void wrong_values_are_named(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *message;
	} cases[] = {
		{ "", -EINVAL, "is not JSON: it ends at byte 0" },
		{ "{\"root\":", -EINVAL, "is not JSON: it ends at byte 8" },
		{ "{}x", -EINVAL, "is not JSON: more text at byte 2" },
		{ "[]", -EINVAL, "must be an object, is [ ]" },
		{ "{\"hostname\":1}", -EINVAL,
		  "hostname: must be a string, is 1" },
		{ "{\"hostname\":\"a\\u0000b\"}", -EINVAL,
		  "hostname: must not contain a zero byte" },
		{ "{\"process\":{\"args\":[\"a\",null]}}", -EINVAL,
		  "process.args[1]: must be a string, is null" },
		{ "{\"process\":{\"args\":{}}}", -EINVAL,
		  "process.args: must be an array, is { }" },
		{ "{\"process\":{\"terminal\":1}}", -EINVAL,
		  "process.terminal: must be true or false, is 1" },
		{ "{\"process\":{\"user\":{\"uid\":-1}}}", -ERANGE,
		  "process.user.uid: -1 is out of range" },
		{ "{\"process\":{\"user\":{\"uid\":4294967296}}}", -ERANGE,
		  "process.user.uid: 4294967296 is out of range" },
		{ "{\"process\":{\"user\":{\"uid\":1.5}}}", -EINVAL,
		  "process.user.uid: must be a whole number, is 1.5" },
		{ "{\"process\":{\"oomScoreAdj\":9223372036854775808}}",
		  -ERANGE,
		  "process.oomScoreAdj: 9223372036854775808 is out of range" },
		{ "{\"annotations\":[]}", -EINVAL,
		  "annotations: must be an object, is [ ]" },
		{ "{\"annotations\":{\"a\":{}}}", -EINVAL,
		  "annotations.a: must be a string, is { }" },
		{ "{\"linux\":{\"sysctl\":{\"a\":\"\xff\"}}}", -EINVAL,
		  "is not JSON" },
	};
	struct oci_report report;
	Grpc__Spec *spec = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = oci_spec_from_json(cases[i].text, strlen(cases[i].text),
					   &report, &spec);

		if (r != cases[i].error ||
		    strncmp(report.error, cases[i].message,
			    strlen(cases[i].message)))
			fail_msg("%s: %d, %s", cases[i].text, r, report.error);
		assert_null(spec);
		oci_report_done(&report);
	}
}

static void size_depth_and_number_are_bounded(void **state)
{
	size_t size = OCI_TEXT_MAX + 1;
	char *text = malloc(size);
	struct oci_report report;
	Grpc__Spec *spec;

	(void)state;
	memset(text, ' ', size);
	assert_int_equal(oci_spec_from_json(text, size, &report, &spec),
			 -E2BIG);
	memset(text, '[', size);
	assert_int_equal(oci_spec_from_json(text, 40, &report, &spec), -E2BIG);
	assert_non_null(strstr(report.error, "levels deep"));
	assert_int_equal(oci_spec_from_json(text, OCI_PARTS_MAX + 1, &report,
					    &spec),
			 -E2BIG);
	assert_non_null(strstr(report.error, "objects and arrays"));
	free(text);
}

/* Ten thousand arguments and a megabyte of environment are allowed. */
static void large_is_fine(void **state)
{
	size_t size = 0, capacity = 2 * 1024 * 1024;
	char *text = malloc(capacity);
	struct oci_report report;
	Grpc__Spec *spec;

	(void)state;
	size += sprintf(text, "{\"process\":{\"args\":[\"a\"");
	for (int i = 1; i < 10000; i++)
		size += sprintf(text + size, ",\"%d\"", i);
	size += sprintf(text + size, "],\"env\":[\"A=");
	memset(text + size, 'x', 1024 * 1024);
	size += 1024 * 1024;
	size += sprintf(text + size, "\"]}}");
	spec = parse(text, &report);
	assert_int_equal(spec->process->n_args, 10000);
	assert_int_equal(strlen(spec->process->env[0]), 1024 * 1024 + 2);
	grpc__spec__free_unpacked(spec, NULL);
	oci_report_done(&report);
	free(text);
}

/* Each byte of a config changed to what hurts most: an error or a message. */
static void damage_is_survived(void **state)
{
	static const char bytes[] = { 0,   '"', '{', '}',	'[',
				      ']', '9', '-', (char)0xff };
	char text[sizeof(config)];
	struct oci_report report;
	Grpc__Spec *spec;

	(void)state;
	for (size_t i = 0; i < sizeof(config) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			memcpy(text, config, sizeof(text));
			text[i] = bytes[j];
			if (oci_spec_from_json(text, sizeof(config) - 1,
					       &report, &spec) == 0)
				grpc__spec__free_unpacked(spec, NULL);
			oci_report_done(&report);
		}
		if (oci_spec_from_json(config, i, &report, &spec) == 0)
			fail_msg("accepted when cut at %zu", i);
		oci_report_done(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_config_survives_both_ways),
		cmocka_unit_test(a_config_survives_the_wire),
		cmocka_unit_test(what_has_no_place_is_named),
		cmocka_unit_test(many_unknown_keys_are_counted),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(size_depth_and_number_are_bounded),
		cmocka_unit_test(large_is_fine),
		cmocka_unit_test(damage_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
