// SPDX-License-Identifier: GPL-2.0-or-later
#include "shim_guest.h"

#include <errno.h>
#include <stdio.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "config/problem.h"
#include "container.h"
#include "guest.h"
#include "memory.h"
#include "process.h"
#include "protocols/any.h"
#include "rootfs/rootfs.h"
#include "runtimeoptions.pb-c.h"
#include "sandbox_service.h"
#include "shim.h"
#include "shim_log.h"
#include "state.h"
#include "task_events.h"

struct shim_waiter {
	struct shim_waiter *next;
	void (*ready)(const struct failure *failure, void *context);
	void (*stopped)(void *context);
	void *context;
};

static void add_waiter(struct shim_waiter **list, const struct shim_waiter *waiter)
{
	struct shim_waiter *copy = must_calloc(sizeof(*copy));

	*copy = *waiter;
	while (*list)
		list = &(*list)->next;
	*list = copy;
}

/* Each may add to the list again. */
static void tell(struct shim_waiter **list, const struct failure *failure)
{
	struct shim_waiter *waiters = *list, *waiter;

	*list = NULL;
	while ((waiter = waiters)) {
		waiters = waiter->next;
		if (waiter->ready)
			waiter->ready(failure, waiter->context);
		else
			waiter->stopped(waiter->context);
		free(waiter);
	}
}

/* Before CRI of containerd 1.4 the type was called cri.runtimeoptions.v1.Options. */
static bool is_options(const Google__Protobuf__Any *any)
{
	return any_is(any, "runtimeoptions.v1.Options") ||
	       any_is(any, "cri.runtimeoptions.v1.Options");
}

static int unpack_options(const Google__Protobuf__Any *any, ProtobufCMessage **ret,
			  struct problem *problem)
{
	Google__Protobuf__Any copy = GOOGLE__PROTOBUF__ANY__INIT;
	int r;

	*ret = NULL;
	if (!is_options(any))
		return 0;
	copy.type_url = (char *)runtimeoptions__v1__options__descriptor.name;
	copy.value = any->value;
	r = any_unpack(&copy, &runtimeoptions__v1__options__descriptor, ret);
	if (r < 0)
		return problem_set(problem, -EINVAL, "runtime options: not readable as %s",
				   copy.type_url);
	return 0;
}

/* Of containerd, for all its runtimes without options of their own. */
static const char *environment_path(void)
{
	const char *path = getenv("KATA_CONF_FILE");

	return path && *path ? path : NULL;
}

static int read_config(const Google__Protobuf__Any *any, struct config **ret,
		       struct problem *problem)
{
	ProtobufCMessage *message;
	const Runtimeoptions__V1__Options *options;
	int r = unpack_options(any, &message, problem);

	if (r < 0)
		return r;
	options = (const Runtimeoptions__V1__Options *)message;
	if (options && *options->config_path)
		r = config_read(options->config_path, ret, problem);
	else if (options && options->config_body.len)
		r = config_parse("runtime options", (const char *)options->config_body.data,
				 options->config_body.len, ret, problem);
	else
		r = config_read(environment_path(), ret, problem);
	if (message)
		protobuf_c_message_free_unpacked(message, NULL);
	return r;
}

/* Before anything is started that belongs there. */
static int join_cgroup(struct shim *shim, const struct config *config, struct json_object *spec,
		       struct problem *problem)
{
	cleanup_free char *path = NULL;
	int r;

	if (!config->sandbox_cgroup_only || shim->cgroup)
		return 0;
	r = cgroup_find_path(spec, shim->id, &path, problem);
	if (r < 0)
		return r;
	if (state_write_cgroup(shim->state_dir, path) < 0)
		return problem_set(problem, -EIO, "%s: cannot write to it", shim->state_dir);
	return cgroup_join(path, &shim->cgroup, problem);
}

int shim_guest_prepare(struct shim *shim, const Google__Protobuf__Any *options,
		       struct json_object *spec, struct problem *problem)
{
	struct config *config = NULL;
	int r;

	if (shim->guest)
		return 0;
	/* A pod's of the Sandbox service are something else. */
	r = read_config(is_options(options) ? options : shim->options, &config, problem);
	if (!r)
		r = config_annotate(config, spec, problem);
	if (!r)
		r = config_size(config, spec, problem);
	if (!r)
		r = join_cgroup(shim, config, spec, problem);
	if (!r)
		r = rootfs_open_sandbox(shim->shared, problem);
	if (r < 0) {
		config_free(config);
		return r;
	}
	config_free(shim->config);
	shim->config = config;
	if (config->runtime_debug)
		shim_log_set_debug(true);
	return 0;
}

static void forget_guest(struct shim *shim)
{
	struct problem problem = { "" };

	shim->guest_ready = false;
	shim->guest_stopping = false;
	shim->guest = guest_free(shim->guest);
	close_fd(shim->netns);
	shim->netns = -1;
	shim->cgroup = cgroup_leave(shim->cgroup);
	if (rootfs_remove_all(shim->shared, &problem) < 0)
		shim_log(SHIM_LOG_WARNING, "%s", problem.text);
}

/* The pod itself runs as long as its guest. */
static void end_virtual(struct shim *shim)
{
	for (struct container *c = shim->containers; c; c = c->next)
		if (c->virtual_ && c->init.state != PROCESS_CREATING)
			process_exit(&c->init, PROCESS_STATUS_UNKNOWN);
}

static void guest_ready(const struct failure *failure, void *context)
{
	struct shim *shim = context;

	shim->guest_ready = !failure;
	if (failure) {
		shim_log(SHIM_LOG_ERROR, "no guest: %s", failure->text);
		/* Else guest_stopped() does it. */
		shim->guest_failed = true;
	}
	tell(&shim->ready_waiters, failure);
}

static void guest_ended(const char *why, void *context)
{
	struct shim *shim = context;

	shim_log(SHIM_LOG_ERROR, "the guest is gone: %s", why);
	shim->guest_ready = false;
	end_virtual(shim);
	sandbox_set_ended(shim, PROCESS_STATUS_UNKNOWN);
}

static void guest_oom(const char *id, void *context)
{
	struct shim *shim = context;

	if (container_find(shim, id))
		publish_oom(shim, id);
}

static const struct guest_callbacks guest_callbacks = {
	.ready = guest_ready,
	.ended = guest_ended,
	.oom = guest_oom,
};

int shim_guest_start(struct shim *shim, const struct shim_guest_options *options,
		     struct problem *problem)
{
	const char *netns =
		shim->config->internetworking_model == CONFIG_NO_NETWORK ? NULL : options->netns;
	const struct guest_options guest_options = {
		.loop = shim->loop,
		.id = shim->id,
		.state_dir = shim->state_dir,
		.shared = shim->shared,
		.config = shim->config,
		.netns = netns,
		.hostname = options->hostname,
		.sandbox_pidns = options->sandbox_pidns,
		.disks = options->disks,
		.nr_disks = options->nr_disks,
	};
	int r;

	/* Ours goes away with us: there is nothing to clean up for others. */
	if (netns && shim->netns < 0 && state_write_netns(shim->state_dir, netns) < 0)
		return problem_set(problem, -EIO, "%s: cannot write to it", shim->state_dir);
	shim->guest_failed = false;
	r = guest_start(&guest_options, &guest_callbacks, shim, &shim->guest, problem);
	if (!r)
		shim_log(SHIM_LOG_INFO, "guest: isolation %s, %u vCPUs, %u MiB, QEMU is process %d",
			 config_isolation_name(shim->config->isolation), shim->config->vcpus,
			 shim->config->memory, guest_pid(shim->guest));
	return r;
}

void shim_guest_wait(struct shim *shim, void (*ready)(const struct failure *failure, void *context),
		     void *context)
{
	static const struct failure gone = { TTRPC_FAILED_PRECONDITION, "the guest is gone" };

	if (shim->guest_ready)
		ready(NULL, context);
	else if (!shim->guest || shim->guest_failed || shim->guest_stopping)
		ready(&gone, context);
	else
		add_waiter(&shim->ready_waiters,
			   &(struct shim_waiter){ .ready = ready, .context = context });
}

static void guest_stopped(void *context)
{
	struct shim *shim = context;

	forget_guest(shim);
	sandbox_set_ended(shim, 0);
	tell(&shim->stop_waiters, NULL);
}

void shim_guest_stop(struct shim *shim, const char *why, void (*stopped)(void *context),
		     void *context)
{
	add_waiter(&shim->stop_waiters,
		   &(struct shim_waiter){ .stopped = stopped, .context = context });
	if (shim->guest_stopping)
		return;
	shim->guest_stopping = true;
	shim->guest_ready = false;
	if (shim->guest)
		guest_stop(shim->guest, why, guest_stopped, shim);
	else
		guest_stopped(shim);
}
