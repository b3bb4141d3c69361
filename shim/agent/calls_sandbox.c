// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/random.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "boot.h"
#include "calls.h"
#include "cgroup.h"
#include "files.h"
#include "log.h"
#include "pause.h"
#include "storage.h"

#define KILL_STEP_MS 5
#define KILL_WAIT_MS 2000
#define FLUSH_SECONDS 1.

/* What the guest resets before the host has seen it is lost. */
#define LAST_WORDS_US 20000

/* Addresses, as "nameserver" lines; whole lines as they are. */
static int write_resolv_conf(const Grpc__CreateSandboxRequest *request)
{
	char text[4096];
	size_t used = 0;
	int length;

	for (size_t i = 0; i < request->n_dns; i++) {
		const char *line = request->dns[i];

		length = snprintf(text + used, sizeof(text) - used, "%s%s\n",
				  strchr(line, ' ') ? "" : "nameserver ", line);
		if (length < 0 || (size_t)length >= sizeof(text) - used)
			return -E2BIG;
		used += length;
	}
	return used ? file_create("/etc/resolv.conf", text, used, 0644) : 0;
}

/* Containers without a name of their own have it, too. */
static int set_hostname(const Grpc__CreateSandboxRequest *request)
{
	const char *name = request->hostname;
	size_t length = strlen(name);

	if (!length) {
		name = request->sandbox_id;
		length = strnlen(name, HOST_NAME_MAX);
	}
	return sethostname(name, length) < 0 ? -errno : 0;
}

static int set_up(struct agent *agent,
		  const Grpc__CreateSandboxRequest *request,
		  struct problem *problem)
{
	int r = 0;

	if (request->n_kernel_modules)
		return problem_set(
			problem, -EOPNOTSUPP,
			"a guest has no kernel modules; %s has to be built into its "
			"kernel",
			request->kernel_modules[0]->name);
	r = set_hostname(request);
	if (r < 0)
		return problem_set(problem, r,
				   "cannot set the hostname to \"%.80s\": %s",
				   request->hostname, strerror(-r));
	r = write_resolv_conf(request);
	if (r < 0)
		return problem_set(problem, r,
				   "cannot write /etc/resolv.conf: %s",
				   strerror(-r));
	for (size_t i = 0; r >= 0 && i < request->n_storages; i++)
		r = storages_add(agent->storages, request->storages[i],
				 problem);
	if (r < 0 || !request->sandbox_pidns)
		return r;
	agent->pause_pid = pause_start();
	if (agent->pause_pid < 0)
		return problem_set(problem, agent->pause_pid,
				   "no shared PID namespace: %s",
				   strerror(-agent->pause_pid));
	return 0;
}

CALL(call_create_sandbox)
{
	struct agent *agent = context;
	struct problem problem;
	int r;

	if (agent->has_sandbox) {
		ttrpc_call_fail(call, TTRPC_ALREADY_EXISTS,
				"this guest has its sandbox");
		return;
	}
	r = set_up(agent, (const Grpc__CreateSandboxRequest *)request,
		   &problem);
	if (r < 0) {
		call_fail_problem(call, r, &problem);
		return;
	}
	agent->has_sandbox = true;
	call_reply_empty(call);
}

static void kill_all(void)
{
	const struct timespec step = { .tv_nsec = KILL_STEP_MS * 1000000 };
	static const char all[] = CGROUP_ROOT AGENT_CGROUP;

	cgroup_signal(all, SIGKILL);
	for (int waited = 0; waited < KILL_WAIT_MS; waited += KILL_STEP_MS) {
		if (!cgroup_value(all, "cgroup.events", "populated"))
			return;
		nanosleep(&step, NULL);
	}
	log_line("processes of containers are left at the end");
}

CALL(call_destroy_sandbox)
{
	struct agent *agent = context;

	(void)request;
	kill_all();
	storages_free(agent->storages);
	sync();
	call_reply_empty(call);
	ttrpc_server_flush(agent->server, FLUSH_SECONDS);
	usleep(LAST_WORDS_US);
	boot_power_off();
}

CALL(call_online_cpu_mem)
{
	(void)request;
	(void)context;
	call_reply_empty(call);
}

static int reseed(const ProtobufCBinaryData *data)
{
	struct rand_pool_info *pool;
	int fd, r;

	fd = open("/dev/random", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	pool = malloc(sizeof(*pool) + data->len);
	if (!pool) {
		close(fd);
		return -ENOMEM;
	}
	pool->entropy_count = data->len * 8;
	pool->buf_size = data->len;
	memcpy(pool->buf, data->data, data->len);
	r = ioctl(fd, RNDADDENTROPY, pool) < 0 || ioctl(fd, RNDRESEEDCRNG) < 0 ?
		    -errno :
		    0;
	free(pool);
	close(fd);
	return r;
}

CALL(call_reseed)
{
	const Grpc__ReseedRandomDevRequest *wanted =
		(const Grpc__ReseedRandomDevRequest *)request;
	int r = -E2BIG;

	(void)context;
	if (wanted->data.len <= 65536)
		r = reseed(&wanted->data);
	if (r < 0)
		ttrpc_call_fail_errno(call, r,
				      "cannot reseed with %zu bytes: %s",
				      wanted->data.len, strerror(-r));
	else
		call_reply_empty(call);
}

CALL(call_details)
{
	Grpc__GuestDetailsResponse response =
		GRPC__GUEST_DETAILS_RESPONSE__INIT;
	Grpc__AgentDetails details = GRPC__AGENT_DETAILS__INIT;
	char block_size[32];

	(void)request;
	(void)context;
	if (file_read("/sys/devices/system/memory/block_size_bytes", block_size,
		      sizeof(block_size)) > 0)
		response.mem_block_size_bytes = strtoull(block_size, NULL, 16);
	details.version = (char *)AGENT_VERSION;
	details.init_daemon = true;
	details.storage_handlers =
		(char **)storage_driver_names(&details.n_storage_handlers);
	details.supports_seccomp = access("/proc/sys/kernel/seccomp", F_OK) ==
				   0;
	response.agent_details = &details;
	ttrpc_call_reply(call, &response.base);
}

CALL(call_set_time)
{
	const Grpc__SetGuestDateTimeRequest *wanted =
		(const Grpc__SetGuestDateTimeRequest *)request;
	struct timespec now = { .tv_sec = wanted->sec,
				.tv_nsec = wanted->usec * 1000 };

	(void)context;
	if (wanted->usec < 0 || wanted->usec > 999999 ||
	    clock_settime(CLOCK_REALTIME, &now) < 0)
		ttrpc_call_fail_errno(call, EINVAL,
				      "cannot set the clock to %lld s %lld us",
				      (long long)wanted->sec,
				      (long long)wanted->usec);
	else
		call_reply_empty(call);
}

CALL(call_check)
{
	Grpc__HealthCheckResponse response = GRPC__HEALTH_CHECK_RESPONSE__INIT;

	(void)request;
	(void)context;
	response.status = GRPC__HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	ttrpc_call_reply(call, &response.base);
}

CALL(call_version)
{
	Grpc__VersionCheckResponse response =
		GRPC__VERSION_CHECK_RESPONSE__INIT;

	(void)request;
	(void)context;
	response.grpc_version = (char *)"0.0.1";
	response.agent_version = (char *)AGENT_VERSION;
	ttrpc_call_reply(call, &response.base);
}
