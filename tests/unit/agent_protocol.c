// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's protocol has Kata's numbers: messages as bytes, written down from
 * Kata's .proto files (src/libs/protocols/protos), where a number is no matter of
 * course.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent.pb-c.h"

#define UNPACK(type, bytes) \
	type##__unpack(NULL, sizeof(bytes) - 1, (const uint8_t *)(bytes))

static void ports_of_a_container(void **state)
{
	static const char wire[] = "\x0a\x01"
				   "c"
				   "\x32\x03\x0a\x01"
				   "1"
				   "\x38\x01\x48\x07\x50\x08\x58\x09";
	Grpc__CreateContainerRequest *request =
		UNPACK(grpc__create_container_request, wire);

	(void)state;
	assert_non_null(request);
	assert_string_equal(request->container_id, "c");
	assert_string_equal(request->oci->ociversion, "1");
	assert_true(request->sandbox_pidns);
	assert_int_equal(request->stdin_port, 7);
	assert_int_equal(request->stdout_port, 8);
	assert_int_equal(request->stderr_port, 9);
	grpc__create_container_request__free_unpacked(request, NULL);
}

static void ports_of_an_exec(void **state)
{
	static const char wire[] = "\x0a\x01"
				   "c"
				   "\x12\x01"
				   "e"
				   "\x22\x02\x08\x01\x28\x04\x30\x05\x38\x06";
	Grpc__ExecProcessRequest *request =
		UNPACK(grpc__exec_process_request, wire);

	(void)state;
	assert_non_null(request);
	assert_string_equal(request->exec_id, "e");
	assert_true(request->process->terminal);
	assert_int_equal(request->stdin_port, 4);
	assert_int_equal(request->stdout_port, 5);
	assert_int_equal(request->stderr_port, 6);
	grpc__exec_process_request__free_unpacked(request, NULL);
}

/* These two begin with 2. */
static void gaps(void **state)
{
	static const char seed[] = "\x12\x02xy";
	static const char storage[] = "\x3a\x04\x10\x05\x18\x01\x40\x01";
	Grpc__ReseedRandomDevRequest *reseed =
		UNPACK(grpc__reseed_random_dev_request, seed);
	Grpc__Storage *group = UNPACK(grpc__storage, storage);

	(void)state;
	assert_non_null(reseed);
	assert_int_equal(reseed->data.len, 2);
	assert_memory_equal(reseed->data.data, "xy", 2);
	assert_non_null(group);
	assert_int_equal(group->fs_group->group_id, 5);
	assert_int_equal(group->fs_group->group_change_policy,
			 TYPES__FSGROUP_CHANGE_POLICY__OnRootMismatch);
	assert_true(group->shared);
	grpc__reseed_random_dev_request__free_unpacked(reseed, NULL);
	grpc__storage__free_unpacked(group, NULL);
}

/* process 2, linux 8; resources 4, cgroupsPath 5, seccomp 8: DefaultAction 1, Syscalls 4 */
static void spec(void **state)
{
	static const char wire[] =
		"\x12\x06\x32\x02/x\x48\x01"
		"\x42\x13\x22\x04\x1a\x02\x08\x09\x2a\x02/c\x42\x07\x0a\x01"
		"a"
		"\x22\x02\x18\x26";
	Grpc__Spec *message = UNPACK(grpc__spec, wire);

	(void)state;
	assert_non_null(message);
	assert_string_equal(message->process->cwd, "/x");
	assert_true(message->process->nonewprivileges);
	assert_int_equal(message->linux->resources->cpu->shares, 9);
	assert_string_equal(message->linux->cgroupspath, "/c");
	assert_string_equal(message->linux->seccomp->defaultaction, "a");
	assert_int_equal(message->linux->seccomp->syscalls[0]->errnoret, 38);
	grpc__spec__free_unpacked(message, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_of_a_container),
		cmocka_unit_test(ports_of_an_exec),
		cmocka_unit_test(gaps),
		cmocka_unit_test(spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
