// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kbm-agent in a guest under QEMU (KVM if it can be used, else TCG): what a shim
 * does with it, on one guest, in order. Skipped without kernel, image or QEMU.
 */
#include "cases.h"

#include <time.h>

struct guest guest = { .vcpus = 2, .mebibytes = 256 };

double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

enum ttrpc_code agent_call(const char *method, const void *request)
{
	enum ttrpc_code code;
	ProtobufCMessage *response = guest_call(&guest, method, request, &code);

	if (response)
		protobuf_c_message_free_unpacked(response, NULL);
	return code;
}

static int set_up_sandbox(void **state)
{
	Grpc__CreateSandboxRequest request = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	Grpc__Storage share = GRPC__STORAGE__INIT, shm = GRPC__STORAGE__INIT;
	Grpc__Storage *storages[] = { &share, &shm };

	(void)state;
	share.driver = share.fstype = (char *)"9p";
	share.source = (char *)"share";
	share.mount_point = (char *)"/run/share";
	shm.driver = (char *)"ephemeral";
	shm.fstype = (char *)"tmpfs";
	shm.mount_point = (char *)"/run/shm";
	/* Its first 64 letters are the guest's name. */
	request.sandbox_id = (char *)SANDBOX_NAME "tail";
	request.storages = storages;
	request.n_storages = 2;
	request.sandbox_pidns = true;
	if (agent_call("CreateSandbox", &request) != TTRPC_OK)
		return -1;
	/* Once only. */
	return agent_call("CreateSandbox", &request) != TTRPC_ALREADY_EXISTS;
}

static void it_is_in_good_health(void **state)
{
	Grpc__CheckRequest request = GRPC__CHECK_REQUEST__INIT;

	(void)state;
	assert_int_equal(agent_call("Check", &request), TTRPC_OK);
	assert_int_equal(agent_call("Version", &request), TTRPC_OK);
}

static void the_guest_ends_in_order(void **state)
{
	Grpc__DestroySandboxRequest request = GRPC__DESTROY_SANDBOX_REQUEST__INIT;
	struct process process;
	int status;

	(void)state;
	container_create(&process, &guest, "last", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	process_free(&process);
	assert_int_equal(agent_call("DestroySandbox", &request), TTRPC_OK);
	status = guest_end(&guest, 10.);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A root file system of busybox, as a directory and as a disk. */
static int make_files(void)
{
	char command[1024];

	snprintf(command, sizeof(command),
		 "set -e; cd %s; mkdir -p rootfs/bin rootfs/proc rootfs/dev rootfs/sys rootfs/tmp;"
		 "cp /bin/busybox rootfs/bin; rootfs/bin/busybox --install -s rootfs/bin;"
		 "cd rootfs/bin; for f in *; do test $f = busybox || ln -sf busybox $f; done;"
		 "cd ../..; /sbin/mke2fs -q -F -t ext4 -d rootfs disk.img 16M",
		 guest.directory);
	return system(command);
}

static int run_all(void)
{
	static const struct CMUnitTest first[] = { cmocka_unit_test(it_is_in_good_health) };
	static const struct CMUnitTest last[] = { cmocka_unit_test(the_guest_ends_in_order) };
	int failed = cmocka_run_group_tests_name("sandbox", first, set_up_sandbox, NULL);

	failed += test_containers() + test_stdio() + test_resources() + test_guest_setup() +
		  test_many();
	return failed + cmocka_run_group_tests_name("end", last, NULL, NULL);
}

int main(void)
{
	char disk[128], command[256];
	double start = seconds_now();
	int failed = 77;

	signal(SIGPIPE, SIG_IGN);
	if (getenv("AGENT_TEST_ONLY"))
		cmocka_set_test_filter(getenv("AGENT_TEST_ONLY"));
	snprintf(guest.directory, sizeof(guest.directory), "/tmp/agent-guest-XXXXXX");
	if (!mkdtemp(guest.directory))
		return 1;
	snprintf(guest.console, sizeof(guest.console), "%s/console", guest.directory);
	snprintf(disk, sizeof(disk), "%s/disk.img", guest.directory);
	if (guest_is_possible() && make_files() == 0) {
		failed = !guest_boot(&guest, disk);
		if (!failed) {
			print_message("booted in %.0f ms\n", (seconds_now() - start) * 1000);
			failed = run_all();
		}
		snprintf(command, sizeof(command), "cat %s", guest.console);
		if (failed && system(command))
			print_message("no console\n");
	}
	snprintf(command, sizeof(command), "rm -rf %s", guest.directory);
	return system(command) ? 1 : failed;
}
