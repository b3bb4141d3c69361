// SPDX-License-Identifier: GPL-2.0-or-later
/* Pauses, limits, shared processes, out of memory. */
#include "cases.h"

static unsigned long long cpu_time(const char *id)
{
	Grpc__StatsContainerRequest request = GRPC__STATS_CONTAINER_REQUEST__INIT;
	Grpc__StatsContainerResponse *response;
	unsigned long long time;
	enum ttrpc_code code;

	request.container_id = (char *)id;
	response = (Grpc__StatsContainerResponse *)guest_call(&guest, "StatsContainer", &request,
							      &code);
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
	Grpc__ResumeContainerRequest resume = GRPC__RESUME_CONTAINER_REQUEST__INIT;
	unsigned long long before, paused;
	struct process process;

	(void)state;
	container_create(&process, &guest, "spin", "while :; do :; done", NULL);
	assert_int_equal(container_start(&process), TTRPC_OK);
	pause.container_id = resume.container_id = (char *)"spin";
	guest_run(&guest, &(bool){ false }, 0.2);
	assert_int_equal(agent_call("PauseContainer", &pause), TTRPC_OK);
	before = cpu_time("spin");
	assert_true(before > 50000000);
	guest_run(&guest, &(bool){ false }, 0.3);
	paused = cpu_time("spin");
	/* A guest whose clock ticks tells it by the tick. */
	assert_true(paused - before < 10000000);
	assert_int_equal(agent_call("ResumeContainer", &resume), TTRPC_OK);
	guest_run(&guest, &(bool){ false }, 0.3);
	assert_true(cpu_time("spin") > paused + 50000000);
	/* A paused one can be killed, too. */
	assert_int_equal(agent_call("PauseContainer", &pause), TTRPC_OK);
	assert_int_equal(container_remove(&process), TTRPC_OK);
	process_free(&process);
}

static void limits_can_be_changed(void **state)
{
	Grpc__UpdateContainerRequest request = GRPC__UPDATE_CONTAINER_REQUEST__INIT;
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
	assert_int_equal(agent_call("UpdateContainer", &request), TTRPC_OK);
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
	assert_int_equal(container_run(&process, &guest, "limits",
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
	assert_int_equal(container_create(&first, &guest, "first", "exec sleep 4321", &options),
			 TTRPC_OK);
	assert_int_equal(container_start(&first), TTRPC_OK);
	assert_int_equal(container_run(&second, &guest, "second",
				       "cat /proc/1/comm; ps | grep -c [4]321", &options),
			 0);
	assert_string_equal(second.output, "pause\n1\n");
	process_free(&second);
	assert_int_equal(container_remove(&first), TTRPC_OK);
	process_free(&first);
}

static void on_oom(struct ttrpc_result *result, void *context)
{
	if (result->code == TTRPC_OK &&
	    !strcmp(((Grpc__OOMEvent *)result->response)->container_id, "hungry"))
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
	assert_int_equal(ttrpc_client_call(guest.client, &grpc__agent_service__descriptor, NULL,
					   "GetOOMEvent", &request.base, 0., NULL, on_oom, &is_told,
					   NULL),
			 0);
	/* Any process of it: a shell would live on. */
	assert_int_equal(container_run(&process, &guest, "hungry",
				       "exec dd if=/dev/zero of=/dev/null bs=64M", &options),
			 137);
	assert_true(guest_run(&guest, &is_told, 5.));
	process_free(&process);
}

int test_resources(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_paused_one_uses_no_time),
		cmocka_unit_test(limits_can_be_changed),
		cmocka_unit_test(limits_of_other_hosts_are_no_error),
		cmocka_unit_test(a_pod_can_share_its_processes),
		cmocka_unit_test(an_oom_kill_is_told),
	};

	return cmocka_run_group_tests_name("resources", tests, NULL, NULL);
}
