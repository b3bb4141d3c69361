// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kbm-agent in a guest under QEMU (KVM if it can be used, else TCG): what a shim
 * does with it, on one guest, in order. Skipped without kernel, image or QEMU.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent.pb-c.h"
#include "process.h"

static struct guest guest;

#define SANDBOX_NAME \
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MANY 10 /* one after the other */

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static enum ttrpc_code call(const char *method, const void *request)
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
	if (call("CreateSandbox", &request) != TTRPC_OK)
		return -1;
	/* Once only. */
	return call("CreateSandbox", &request) != TTRPC_ALREADY_EXISTS;
}

static void it_is_in_good_health(void **state)
{
	Grpc__CheckRequest request = GRPC__CHECK_REQUEST__INIT;

	(void)state;
	assert_int_equal(call("Check", &request), TTRPC_OK);
	assert_int_equal(call("Version", &request), TTRPC_OK);
}

static void a_container_runs_to_its_end(void **state)
{
	struct process process;

	(void)state;
	assert_int_equal(
		container_run(&process, &guest, "hello",
			      "echo out; echo err >&2; hostname; exit 7", NULL),
		7);
	/* Two streams: their order is not defined. */
	assert_non_null(strstr(process.output, "out\n"));
	assert_non_null(strstr(process.output, "err\n"));
	assert_non_null(strstr(process.output, SANDBOX_NAME "\n"));
	process_free(&process);
}

static void a_container_has_a_name_of_its_own(void **state)
{
	const struct container_options options = { .hostname = "box" };
	struct process process;

	(void)state;
	assert_int_equal(container_run(&process, &guest, "named", "hostname",
				       &options),
			 0);
	assert_string_equal(process.output, "box\n");
	process_free(&process);
}

/* crun relies on that, and does not copy itself. */
static void the_guests_programs_are_read_only(void **state)
{
	const struct container_options options = { .sees_guest = true };
	struct process process;

	(void)state;
	assert_int_equal(
		container_run(
			&process, &guest, "writer",
			"test -f /guest/usr/bin/crun || exit 2;"
			"echo >>/guest/usr/bin/crun && exit 3; cd /guest/usr/lib;"
			"touch more && exit 4; exit 0",
			&options),
		0);
	process_free(&process);
}

static void a_missing_command_is_told_at_once(void **state)
{
	struct process process, exec;
	double start = seconds_now();

	(void)state;
	assert_int_equal(container_create(&process, &guest, "missing", NULL,
					  NULL),
			 TTRPC_UNKNOWN);
	assert_true(seconds_now() - start < 5.);
	assert_non_null(
		strstr(guest_error,
		       "exec: \"nosuch\": executable file not found in $PATH"));
	process_free(&process);

	assert_int_equal(container_create(&process, &guest, "missing",
					  "sleep 1000", NULL),
			 TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", NULL,
					NULL),
			 TTRPC_FAILED_PRECONDITION);
	process_free(&exec);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", NULL,
					NULL),
			 TTRPC_UNKNOWN);
	assert_non_null(
		strstr(guest_error, "executable file not found in $PATH"));
	process_free(&exec);
	/* The name is free again. */
	assert_int_equal(container_exec(&exec, &guest, "missing", "x", "exit 3",
					NULL),
			 TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 3);
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_killed_one_tells_its_signal(void **state)
{
	struct process process, exec;

	(void)state;
	assert_int_equal(
		container_create(
			&process, &guest, "killed",
			"trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done",
			NULL),
		TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "killed", "exec",
					"exec sleep 1000", NULL),
			 TTRPC_OK);
	assert_int_equal(process_kill(&exec, "exec", SIGTERM), TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 128 + SIGTERM);
	process_free(&exec);
	assert_int_equal(process_kill(&process, "exec", SIGTERM),
			 TTRPC_NOT_FOUND);
	/* Before, the first process of a PID namespace would not mind. */
	assert_true(process_says(&process, "ready", 30.));
	assert_int_equal(process_kill(&process, "killed", SIGTERM), TTRPC_OK);
	assert_int_equal(process_wait(&process, 30.), 9);
	assert_int_equal(process_kill(&process, "killed", SIGTERM),
			 TTRPC_NOT_FOUND);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	assert_int_equal(container_remove(&process), TTRPC_NOT_FOUND);
	process_free(&process);
}

static void all_are_killed_at_once(void **state)
{
	struct process process, exec;

	(void)state;
	container_create(&process, &guest, "all", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "all", "exec",
					"sleep 1000 & wait", NULL),
			 TTRPC_OK);
	assert_int_equal(process_kill(&process, "", SIGKILL), TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 137);
	assert_int_equal(process_wait(&process, 30.), 137);
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void removing_tells_those_who_wait(void **state)
{
	struct process process;

	(void)state;
	container_create(&process, &guest, "busy", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 0.), -1);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_container_never_started_can_be_removed(void **state)
{
	struct process process, second;

	(void)state;
	assert_int_equal(container_create(&process, &guest, "idle", "true",
					  NULL),
			 TTRPC_OK);
	assert_int_equal(container_create(&second, &guest, "idle", "true",
					  NULL),
			 TTRPC_ALREADY_EXISTS);
	process_free(&second);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

/* What goes in comes out, and the end with it. */
static void stdin_reaches_the_process(void **state)
{
	const struct container_options options = { .with_stdin = true,
						   .drop_output = true };
	static char data[STREAM_PAYLOAD_MAX];
	size_t total = 16 * 1024 * 1024, sent = 0;
	struct process process;

	(void)state;
	assert_int_equal(container_create(&process, &guest, "cat",
					  "cat; exit 4", &options),
			 TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	while (sent < total) {
		size_t part =
			stream_send(process.streams[0], data, sizeof(data));

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
			 "dd if=/dev/zero bs=1M count=64 2>/dev/null; exit 5",
			 &options);
	start = seconds_now();
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 100.), 5);
	print_message("64 MiB through stdout: %.0f MiB/s\n",
		      64 / (seconds_now() - start));
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
	container_create(&process, &guest, "stuck",
			 "dd if=/dev/zero bs=1M count=1; sleep 1000", NULL);
	/* Its output goes nowhere: the stream's window is not opened again. */
	stream_close(process.streams[2], 0);
	process.streams[2] = NULL;
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_kill(&process, "stuck", SIGKILL), TTRPC_OK);
	request.container_id = process.container;
	start = seconds_now();
	assert_int_equal(call("WaitProcess", &request), TTRPC_OK);
	assert_true(seconds_now() - start < 5.);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_terminal_has_a_size(void **state)
{
	const struct container_options options = { .terminal = true,
						   .with_stdin = true };
	Grpc__TtyWinResizeRequest request = GRPC__TTY_WIN_RESIZE_REQUEST__INIT;
	struct process process;

	(void)state;
	assert_int_equal(
		container_create(
			&process, &guest, "tty",
			"read line; stty size; echo got $line; test -t 0",
			&options),
		TTRPC_OK);
	assert_int_equal(container_start(&process), TTRPC_OK);
	request.container_id = request.exec_id = (char *)"tty";
	request.row = 33;
	request.column = 132;
	assert_int_equal(call("TtyWinResize", &request), TTRPC_OK);
	guest_run(&guest, &(bool){ false }, 0.1);
	assert_int_equal(stream_send(process.streams[0], "words\n", 6), 6);
	assert_int_equal(process_wait(&process, 30.), 0);
	assert_non_null(strstr(process.output, "33 132"));
	assert_non_null(strstr(process.output, "got words"));
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static unsigned long long cpu_time(const char *id)
{
	Grpc__StatsContainerRequest request =
		GRPC__STATS_CONTAINER_REQUEST__INIT;
	Grpc__StatsContainerResponse *response;
	unsigned long long time;
	enum ttrpc_code code;

	request.container_id = (char *)id;
	response = (Grpc__StatsContainerResponse *)guest_call(
		&guest, "StatsContainer", &request, &code);
	assert_non_null(response);
	assert_true(response->cgroup_stats->memory_stats->usage->usage > 0);
	assert_true(response->cgroup_stats->memory_stats->n_stats > 20);
	assert_true(response->cgroup_stats->pids_stats->current > 0);
	assert_int_equal(response->n_network_stats, 1);
	time = response->cgroup_stats->cpu_stats->cpu_usage->total_usage;
	grpc__stats_container_response__free_unpacked(response, NULL);
	return time;
}

static void a_paused_one_uses_no_time(void **state)
{
	Grpc__PauseContainerRequest pause = GRPC__PAUSE_CONTAINER_REQUEST__INIT;
	Grpc__ResumeContainerRequest resume =
		GRPC__RESUME_CONTAINER_REQUEST__INIT;
	unsigned long long before, paused;
	struct process process;

	(void)state;
	container_create(&process, &guest, "spin", "while :; do :; done", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	pause.container_id = resume.container_id = (char *)"spin";
	guest_run(&guest, &(bool){ false }, 0.2);
	assert_int_equal(call("PauseContainer", &pause), TTRPC_OK);
	before = cpu_time("spin");
	assert_true(before > 50000000);
	guest_run(&guest, &(bool){ false }, 0.3);
	paused = cpu_time("spin");
	/* A guest whose clock ticks tells it by the tick. */
	assert_true(paused - before < 10000000);
	assert_int_equal(call("ResumeContainer", &resume), TTRPC_OK);
	guest_run(&guest, &(bool){ false }, 0.3);
	assert_true(cpu_time("spin") > paused + 50000000);
	/* A paused one can be killed, too. */
	assert_int_equal(call("PauseContainer", &pause), TTRPC_OK);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void limits_can_be_changed(void **state)
{
	Grpc__UpdateContainerRequest request =
		GRPC__UPDATE_CONTAINER_REQUEST__INIT;
	Grpc__LinuxResources resources = GRPC__LINUX_RESOURCES__INIT;
	Grpc__LinuxMemory memory = GRPC__LINUX_MEMORY__INIT;
	struct process process, exec;

	(void)state;
	container_create(&process, &guest, "limit", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	memory.limit = 33554432;
	resources.memory = &memory;
	request.container_id = (char *)"limit";
	request.resources = &resources;
	assert_int_equal(call("UpdateContainer", &request), TTRPC_OK);
	assert_int_equal(container_exec(&exec, &guest, "limit", "look",
					"cat /sys/fs/cgroup/memory.max", NULL),
			 TTRPC_OK);
	assert_int_equal(process_wait(&exec, 30.), 0);
	assert_string_equal(exec.output, "33554432\n");
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

/* What a host with other cgroups, CPUs and page sizes asks for. */
static void limits_of_other_hosts_are_no_error(void **state)
{
	const struct container_options options = {
		.more = ",\"resources\":{\"memory\":{\"limit\":67108864,"
			"\"swap\":67108864,\"swappiness\":60,\"kernel\":1048576,"
			"\"disableOOMKiller\":true},\"cpu\":{\"shares\":512,"
			"\"quota\":50000,\"period\":100000,\"cpus\":\"40-47\","
			"\"mems\":\"1\",\"realtimePeriod\":1000000},"
			"\"blockIO\":{\"weight\":100,\"throttleReadBpsDevice\":["
			"{\"major\":8,\"minor\":0,\"rate\":1000000}]},"
			"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":0},"
			"{\"pageSize\":\"16GB\",\"limit\":0}],"
			"\"network\":{\"classID\":7},\"pids\":{\"limit\":99}},"
			"\"intelRdt\":{\"l3CacheSchema\":\"L3:0=f\"},"
			"\"sysctl\":{\"net.ipv4.ip_unprivileged_port_start\":\"80\"}",
	};
	struct process process;

	(void)state;
	assert_int_equal(
		container_run(
			&process, &guest, "limits",
			"cd /sys/fs/cgroup; cat memory.max cpu.max pids.max "
			"/proc/sys/net/ipv4/ip_unprivileged_port_start",
			&options),
		0);
	assert_string_equal(process.output, "67108864\n50000 100000\n99\n80\n");
	process_free(&process);
}

/* The second sees the first's processes, and the one that holds the namespace. */
static void a_pod_can_share_its_processes(void **state)
{
	const struct container_options options = { .shares_pids = true };
	struct process first, second;

	(void)state;
	assert_int_equal(container_create(&first, &guest, "first",
					  "exec sleep 4321", &options),
			 TTRPC_OK);
	assert_int_equal(container_start(&first), TTRPC_OK);
	assert_int_equal(container_run(&second, &guest, "second",
				       "cat /proc/1/comm; ps | grep -c [4]321",
				       &options),
			 0);
	assert_string_equal(second.output, "pause\n1\n");
	process_free(&second);
	assert_int_equal(container_remove(&first), TTRPC_OK);
	process_free(&first);
}

static void on_oom(struct ttrpc_result *result, void *context)
{
	if (result->code == TTRPC_OK &&
	    !strcmp(((Grpc__OOMEvent *)result->response)->container_id,
		    "hungry"))
		*(bool *)context = true;
}

static void an_oom_kill_is_told(void **state)
{
	const struct container_options options = {
		.more = ",\"resources\":{\"memory\":{\"limit\":16777216}}",
	};
	Grpc__GetOOMEventRequest request = GRPC__GET_OOMEVENT_REQUEST__INIT;
	struct process process;
	bool is_told = false;

	(void)state;
	assert_int_equal(ttrpc_client_call(guest.client,
					   &grpc__agent_service__descriptor,
					   NULL, "GetOOMEvent", &request.base,
					   0., NULL, on_oom, &is_told, NULL),
			 0);
	/* Any process of it: a shell would live on. */
	assert_int_equal(
		container_run(&process, &guest, "hungry",
			      "exec dd if=/dev/zero of=/dev/null bs=64M",
			      &options),
		137);
	assert_true(guest_run(&guest, &is_told, 5.));
	process_free(&process);
}

static void a_disk_can_be_the_root(void **state)
{
	const struct container_options options = { .disk_root = "/run/disk" };
	struct process process;

	(void)state;
	assert_int_equal(
		container_run(&process, &guest, "disk",
			      "touch /written && grep -c vda /proc/mounts",
			      &options),
		0);
	assert_string_equal(process.output, "1\n");
	process_free(&process);
	/* Unmounted and mounted again; what was written is there. */
	assert_int_equal(container_run(&process, &guest, "disk", "ls /written",
				       &options),
			 0);
	process_free(&process);
}

static void the_network_is_as_told(void **state)
{
	Grpc__UpdateInterfaceRequest request =
		GRPC__UPDATE_INTERFACE_REQUEST__INIT;
	Grpc__UpdateRoutesRequest routes_request =
		GRPC__UPDATE_ROUTES_REQUEST__INIT;
	Types__Interface interface = TYPES__INTERFACE__INIT;
	Types__IPAddress v4 = TYPES__IPADDRESS__INIT,
			 v6 = TYPES__IPADDRESS__INIT;
	Types__IPAddress *addresses[] = { &v4, &v6 };
	Types__Route gateway = TYPES__ROUTE__INIT, near = TYPES__ROUTE__INIT;
	Types__Route *list[] = { &gateway, &near };
	Grpc__Routes routes = GRPC__ROUTES__INIT;
	struct process process;

	(void)state;
	interface.hwaddr = (char *)"52:54:00:12:34:56";
	interface.device = interface.name = (char *)"net7";
	interface.mtu = 1400;
	v4.address = (char *)"10.9.8.7";
	v4.mask = (char *)"32";
	v6.address = (char *)"fd00::7";
	v6.mask = (char *)"64";
	v6.family = TYPES__IPFAMILY__v6;
	interface.ipaddresses = addresses;
	interface.n_ipaddresses = 2;
	request.interface = &interface;
	assert_int_equal(call("UpdateInterface", &request), TTRPC_OK);
	/* Again: the same result. */
	assert_int_equal(call("UpdateInterface", &request), TTRPC_OK);
	interface.hwaddr = (char *)"52:54:00:12:34:99";
	assert_int_not_equal(call("UpdateInterface", &request), TTRPC_OK);

	gateway.gateway = (char *)"10.9.8.1";
	gateway.device = near.device = (char *)"net7";
	near.dest = (char *)"10.9.8.1/32";
	near.scope = 253; /* link */
	near.metric = 77;
	near.mtu = 1300;
	routes.routes = list;
	routes.n_routes = 2;
	routes_request.routes = &routes;
	assert_int_equal(call("UpdateRoutes", &routes_request), TTRPC_OK);
	assert_int_equal(call("UpdateRoutes", &routes_request), TTRPC_OK);
	assert_int_equal(container_run(&process, &guest, "net",
				       "ip addr show net7; ip route", NULL),
			 0);
	assert_non_null(strstr(process.output, "mtu 1400"));
	assert_non_null(strstr(process.output, "inet 10.9.8.7/32"));
	assert_non_null(strstr(process.output, "inet6 fd00::7/64"));
	assert_non_null(
		strstr(process.output, "default via 10.9.8.1 dev net7"));
	assert_non_null(strstr(process.output, "metric 77"));
	process_free(&process);
}

static void interfaces_and_routes_are_listed(void **state)
{
	Grpc__ListInterfacesRequest request =
		GRPC__LIST_INTERFACES_REQUEST__INIT;
	Grpc__ListRoutesRequest routes_request =
		GRPC__LIST_ROUTES_REQUEST__INIT;
	Grpc__Interfaces *interfaces;
	Grpc__Routes *routes;
	enum ttrpc_code code;
	bool found = false;

	(void)state;
	interfaces = (Grpc__Interfaces *)guest_call(&guest, "ListInterfaces",
						    &request, &code);
	assert_non_null(interfaces);
	for (size_t i = 0; i < interfaces->n_interfaces; i++)
		found |= !strcmp(interfaces->interfaces[i]->hwaddr,
				 "52:54:00:12:34:56") &&
			 interfaces->interfaces[i]->n_ipaddresses >= 2;
	assert_true(found);
	grpc__interfaces__free_unpacked(interfaces, NULL);
	routes = (Grpc__Routes *)guest_call(&guest, "ListRoutes",
					    &routes_request, &code);
	assert_non_null(routes);
	found = false;
	for (size_t i = 0; i < routes->n_routes; i++)
		found |= !strcmp(routes->routes[i]->dest, "10.9.8.1/32") &&
			 routes->routes[i]->metric == 77 &&
			 routes->routes[i]->mtu == 1300;
	assert_true(found);
	grpc__routes__free_unpacked(routes, NULL);
}

static void a_file_is_copied_in_parts(void **state)
{
	Grpc__CopyFileRequest request = GRPC__COPY_FILE_REQUEST__INIT;

	(void)state;
	request.path = (char *)"/run/kata-containers/x/file";
	request.file_size = 8;
	request.file_mode = S_IFREG | 0640;
	request.data = (ProtobufCBinaryData){ 4, (uint8_t *)"abcd" };
	assert_int_equal(call("CopyFile", &request), TTRPC_OK);
	request.offset = 4;
	assert_int_equal(call("CopyFile", &request), TTRPC_OK);
	request.offset = 5;
	assert_int_equal(call("CopyFile", &request), TTRPC_INVALID_ARGUMENT);
	request.offset = 0;
	request.path = (char *)"/run/kata-containers/../../init";
	assert_int_equal(call("CopyFile", &request), TTRPC_PERMISSION_DENIED);
	request.path = (char *)"/etc/passwd";
	assert_int_equal(call("CopyFile", &request), TTRPC_PERMISSION_DENIED);
}

static void the_clock_is_set(void **state)
{
	Grpc__SetGuestDateTimeRequest request =
		GRPC__SET_GUEST_DATE_TIME_REQUEST__INIT;
	Grpc__ReseedRandomDevRequest reseed =
		GRPC__RESEED_RANDOM_DEV_REQUEST__INIT;
	struct process process;

	(void)state;
	request.sec = 1234567890;
	assert_int_equal(call("SetGuestDateTime", &request), TTRPC_OK);
	request.usec = 1000000;
	assert_int_equal(call("SetGuestDateTime", &request),
			 TTRPC_INVALID_ARGUMENT);
	reseed.data =
		(ProtobufCBinaryData){ 16, (uint8_t *)"0123456789abcdef" };
	assert_int_equal(call("ReseedRandomDev", &reseed), TTRPC_OK);
	assert_int_equal(
		container_run(&process, &guest, "clock", "date +%Y", NULL), 0);
	assert_string_equal(process.output, "2009\n");
	process_free(&process);
}

static void wrong_requests_are_refused(void **state)
{
	Grpc__CreateContainerRequest request =
		GRPC__CREATE_CONTAINER_REQUEST__INIT;
	Grpc__WaitProcessRequest wait = GRPC__WAIT_PROCESS_REQUEST__INIT;
	Grpc__StartContainerRequest start = GRPC__START_CONTAINER_REQUEST__INIT;
	const struct container_options options = { .root = "/nowhere" };
	struct process process;

	(void)state;
	request.container_id = (char *)"../x";
	assert_int_equal(call("CreateContainer", &request),
			 TTRPC_INVALID_ARGUMENT);
	request.container_id = (char *)"empty";
	assert_int_equal(call("CreateContainer", &request),
			 TTRPC_INVALID_ARGUMENT);
	wait.container_id = start.container_id = (char *)"nobody";
	assert_int_equal(call("WaitProcess", &wait), TTRPC_NOT_FOUND);
	assert_int_equal(call("StartContainer", &start), TTRPC_NOT_FOUND);
	assert_int_equal(container_create(&process, &guest, "rootless", "true",
					  &options),
			 TTRPC_UNKNOWN);
	process_free(&process);
}

/* Nothing is left of many: mounts, files, cgroups, descriptors. */
/* The agent's descriptors, files, mounts and cgroups, and crun's containers. */
static void look(char *output, size_t size)
{
	const struct container_options options = { .sees_guest = true };
	struct process process;

	assert_int_equal(
		container_run(&process, &guest, "look",
			      "cd /guest; ls run/crun run/kata-bm run/kata-bm/*;"
			      "cat proc/1/mounts; ls proc/1/fd | wc -l;"
			      "cd sys/fs/cgroup/kata-bm; ls -d */",
			      &options),
		0);
	assert_non_null(strstr(process.output, "look/\n"));
	snprintf(output, size, "%s", process.output);
	process_free(&process);
}

static void many_leave_nothing(void **state)
{
	char before[8192], after[8192], id[32];
	struct process process;
	double start;

	(void)state;
	look(before, sizeof(before));
	start = seconds_now();
	for (int i = 0; i < MANY; i++) {
		snprintf(id, sizeof(id), "many-%d", i);
		assert_int_equal(
			container_run(&process, &guest, id, "true", NULL), 0);
		process_free(&process);
	}
	print_message("%d containers: %.0f ms each\n", MANY,
		      (seconds_now() - start) * 1000 / MANY);
	look(after, sizeof(after));
	assert_string_equal(after, before);
}

/* As soon as its name is free again: crun is not stopped half-way. */
static void exec_again(struct process *exec, const char *command)
{
	double limit = seconds_now() + 30.;

	while (container_exec(exec, &guest, "late", "x", command, NULL) ==
	       TTRPC_ALREADY_EXISTS) {
		assert_true(seconds_now() < limit);
		process_free(exec);
		usleep(20000);
	}
	assert_int_equal(process_wait(exec, 30.), 0);
}

static void an_exec_that_is_given_up_leaves_nothing(void **state)
{
	const struct container_options options = { .sees_guest = true };
	struct process process, exec;

	(void)state;
	container_create(&process, &guest, "late", "sleep 1000", &options);
	assert_int_equal(container_start(&process), TTRPC_OK);
	guest_limit_calls(0.005);
	assert_int_equal(container_exec(&exec, &guest, "late", "x",
					"exec sleep 4242", NULL),
			 TTRPC_DEADLINE_EXCEEDED);
	guest_limit_calls(0.);
	/* The agent has ended its side of the streams, too. */
	assert_true(guest_run(&guest, &exec.ended[1], 30.));
	assert_true(guest_run(&guest, &exec.ended[2], 30.));
	process_free(&exec);
	exec_again(&exec, "ps; ls /guest/run/kata-bm/containers/late");
	assert_non_null(strstr(exec.output, "sleep 1000"));
	assert_null(strstr(exec.output, "sleep 4242"));
	assert_non_null(strstr(exec.output, "config.json"));
	assert_null(strstr(exec.output, "x.json"));
	process_free(&exec);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void a_container_that_is_given_up_leaves_nothing(void **state)
{
	char before[8192], after[8192];
	struct process process;
	double limit;

	(void)state;
	look(before, sizeof(before));
	guest_limit_calls(0.005);
	assert_int_equal(container_create(&process, &guest, "later",
					  "sleep 4242", NULL),
			 TTRPC_DEADLINE_EXCEEDED);
	guest_limit_calls(0.);
	assert_true(guest_run(&guest, &process.ended[1], 30.));
	process_free(&process);
	limit = seconds_now() + 30.;
	while (container_create(&process, &guest, "later", "true", NULL) ==
	       TTRPC_ALREADY_EXISTS) {
		assert_true(seconds_now() < limit);
		process_free(&process);
		usleep(20000);
	}
	assert_int_equal(container_start(&process), TTRPC_OK);
	assert_int_equal(process_wait(&process, 30.), 0);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
	look(after, sizeof(after));
	assert_string_equal(after, before);
}

static void twenty_run_at_once(void **state)
{
	static struct process processes[20];
	char id[32];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof(id), "one-%d", i);
		assert_int_equal(container_create(&processes[i], &guest, id,
						  "sleep 0.5; echo $0 done",
						  NULL),
				 TTRPC_OK);
		assert_int_equal(container_start(&processes[i]), TTRPC_OK);
	}
	for (int i = 0; i < 20; i++) {
		assert_int_equal(process_wait(&processes[i], 60.), 0);
		assert_string_equal(processes[i].output, "sh done\n");
		assert_int_equal(container_remove(&processes[i]), TTRPC_OK);
		process_free(&processes[i]);
	}
}

static void the_guest_ends_in_order(void **state)
{
	Grpc__DestroySandboxRequest request =
		GRPC__DESTROY_SANDBOX_REQUEST__INIT;
	struct process process;
	int status;

	(void)state;
	container_create(&process, &guest, "last", "sleep 1000", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	process_free(&process);
	assert_int_equal(call("DestroySandbox", &request), TTRPC_OK);
	status = guest_end(&guest, 10.);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A root file system of busybox, as a directory and as a disk. */
static int make_files(void)
{
	char command[1024];

	snprintf(
		command, sizeof(command),
		"set -e; cd %s; mkdir -p rootfs/bin rootfs/proc rootfs/dev rootfs/sys rootfs/tmp;"
		"cp /bin/busybox rootfs/bin; rootfs/bin/busybox --install -s rootfs/bin;"
		"cd rootfs/bin; for f in *; do test $f = busybox || ln -sf busybox $f; done;"
		"cd ../..; /sbin/mke2fs -q -F -t ext4 -d rootfs disk.img 16M",
		guest.directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_in_good_health),
		cmocka_unit_test(a_container_runs_to_its_end),
		cmocka_unit_test(a_container_has_a_name_of_its_own),
		cmocka_unit_test(the_guests_programs_are_read_only),
		cmocka_unit_test(a_missing_command_is_told_at_once),
		cmocka_unit_test(a_killed_one_tells_its_signal),
		cmocka_unit_test(all_are_killed_at_once),
		cmocka_unit_test(removing_tells_those_who_wait),
		cmocka_unit_test(a_container_never_started_can_be_removed),
		cmocka_unit_test(stdin_reaches_the_process),
		cmocka_unit_test(much_output_arrives_whole),
		cmocka_unit_test(
			output_that_is_not_taken_does_not_hide_the_end),
		cmocka_unit_test(a_terminal_has_a_size),
		cmocka_unit_test(a_paused_one_uses_no_time),
		cmocka_unit_test(limits_can_be_changed),
		cmocka_unit_test(limits_of_other_hosts_are_no_error),
		cmocka_unit_test(a_pod_can_share_its_processes),
		cmocka_unit_test(an_oom_kill_is_told),
		cmocka_unit_test(a_disk_can_be_the_root),
		cmocka_unit_test(the_network_is_as_told),
		cmocka_unit_test(interfaces_and_routes_are_listed),
		cmocka_unit_test(a_file_is_copied_in_parts),
		cmocka_unit_test(the_clock_is_set),
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(many_leave_nothing),
		cmocka_unit_test(an_exec_that_is_given_up_leaves_nothing),
		cmocka_unit_test(a_container_that_is_given_up_leaves_nothing),
		cmocka_unit_test(twenty_run_at_once),
		cmocka_unit_test(the_guest_ends_in_order),
	};
	char disk[128], command[256];
	double start = seconds_now();
	int failed = 77;

	signal(SIGPIPE, SIG_IGN);
	if (getenv("AGENT_TEST_ONLY"))
		cmocka_set_test_filter(getenv("AGENT_TEST_ONLY"));
	snprintf(guest.directory, sizeof(guest.directory),
		 "/tmp/agent-guest-XXXXXX");
	if (!mkdtemp(guest.directory))
		return 1;
	snprintf(guest.console, sizeof(guest.console), "%s/console",
		 guest.directory);
	snprintf(disk, sizeof(disk), "%s/disk.img", guest.directory);
	if (guest_is_possible() && make_files() == 0) {
		failed = !guest_boot(&guest, disk);
		if (!failed) {
			print_message("booted in %.0f ms\n",
				      (seconds_now() - start) * 1000);
			failed = cmocka_run_group_tests(tests, set_up_sandbox,
							NULL);
		}
		snprintf(command, sizeof(command), "cat %s", guest.console);
		if (failed && system(command))
			print_message("no console\n");
	}
	snprintf(command, sizeof(command), "rm -rf %s", guest.directory);
	return system(command) ? 1 : failed;
}
