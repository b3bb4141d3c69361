// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "agent.pb-c.h"
#include "config/config.h"
#include "config/problem.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "memory.h"
#include "network/network.h"
#include "options.h"
#include "process.h"
#include "rootfs/rootfs.h"
#include "sandbox_service.h"
#include "shim.h"
#include "shim_guest.h"
#include "shim_log.h"
#include "spec.h"
#include "storages.h"
#include "task_events.h"
#include "task_hooks.h"

/* A Create under way. */
struct creation {
	struct shim *shim;
	struct ttrpc_call *call;
	/* The call's, taken. */
	const Containerd__Task__V2__CreateTaskRequest *request;
	struct container *container;
	struct json_object *spec;
	struct rootfs *rootfs;
	char *netns;
	bool sandbox_pidns;
	/* For the log: when it was asked for, and when the guest was there. */
	ev_tstamp asked_at;
	ev_tstamp guest_at;
	/* Why it fails, while the guest is taken down. */
	enum ttrpc_code code;
	char *why;
};

static void creation_free(struct creation *creation)
{
	json_object_put(creation->spec);
	rootfs_free(creation->rootfs);
	protobuf_c_message_free_unpacked((ProtobufCMessage *)creation->request, NULL);
	free(creation->netns);
	free(creation->why);
	free(creation);
}

/*
 * A containerd that has been restarted meanwhile takes it for a task that is
 * there, does not hear of this failure, and has to have something to delete.
 */
static void forget(struct creation *creation)
{
	if (ttrpc_call_cancelled(creation->call))
		process_set_failed(&creation->container->init);
	else
		container_free(creation->container);
}

static void answer_failure(void *context)
{
	struct creation *creation = context;

	forget(creation);
	ttrpc_call_fail(creation->call, creation->code, "%s", creation->why);
	creation_free(creation);
}

static void end_hooks(void *context)
{
	struct creation *creation = context;

	task_hooks_end(creation->container, answer_failure, creation);
}

/* Nothing is left of it when containerd hears so. */
static void fail(struct creation *creation, enum ttrpc_code code, const char *why)
{
	struct shim *shim = creation->shim;
	struct problem problem = { "" };
	bool alone;

	/* At "unimplemented" containerd 2 would try again under the older name. */
	creation->code = code == TTRPC_UNIMPLEMENTED ? TTRPC_FAILED_PRECONDITION : code;
	creation->why = must_strdup(why);
	shim_log(SHIM_LOG_ERROR, "create of %s: %s", creation->request->id, why);
	if (creation->container->mounted &&
	    rootfs_remove_container(shim->shared, creation->container->id, &problem) < 0)
		shim_log(SHIM_LOG_WARNING, "%s", problem.text);
	creation->container->mounted = false;
	alone = !shim->containers->next && !shim->sandbox;
	if (alone)
		shim_guest_stop(shim, why, end_hooks, creation);
	else
		end_hooks(creation);
}

static void finish(struct creation *creation)
{
	Containerd__Task__V2__CreateTaskResponse response =
		CONTAINERD__TASK__V2__CREATE_TASK_RESPONSE__INIT;
	struct container *container = creation->container;

	container->init.state = PROCESS_CREATED;
	container->init.pid = (uint32_t)guest_pid(creation->shim->guest);
	shim_log(SHIM_LOG_INFO, "times: wait for the guest %.0f ms, create %.0f ms",
		 (creation->guest_at - creation->asked_at) * 1000,
		 (ev_time() - creation->guest_at) * 1000);
	publish_create(container, creation->request->rootfs, creation->request->n_rootfs);
	response.pid = container->init.pid;
	ttrpc_call_reply(creation->call, &response.base);
	creation_free(creation);
}

static void created(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct creation *creation = context;

	(void)response;
	if (failure) {
		fail(creation, failure->code, failure->text);
		return;
	}
	creation->container->in_guest = true;
	/* Now: one that is never started may be killed. */
	process_watch(&creation->container->init);
	finish(creation);
}

static void call_create(struct creation *creation, Grpc__Spec *spec,
			const struct stdio_streams *streams)
{
	Grpc__CreateContainerRequest request = GRPC__CREATE_CONTAINER_REQUEST__INIT;
	struct storages storages;

	storages_make(creation->rootfs->storages, creation->rootfs->nr_storages, &storages);
	request.container_id = creation->container->id;
	request.exec_id = creation->container->id;
	request.storages = storages.messages;
	request.n_storages = storages.nr;
	request.oci = spec;
	request.sandbox_pidns = creation->sandbox_pidns;
	request.stdin_port = streams->stdin_;
	request.stdout_port = streams->stdout_;
	request.stderr_port = streams->stderr_;
	guest_call(creation->shim->guest, "create container", "CreateContainer", &request.base,
		   creation->shim->config->create_container_timeout, created, creation);
	storages_done(&storages);
}

static void create_in_guest(struct creation *creation)
{
	struct problem problem = { "" };
	struct stdio_streams streams;
	Grpc__Spec *spec;
	int r;

	if (creation->container->virtual_) {
		finish(creation);
		return;
	}
	r = spec_pack(creation->spec, &spec, &problem);
	if (r < 0) {
		fail(creation, ttrpc_code_from_errno(r), problem.text);
		return;
	}
	r = process_open_streams(&creation->container->init, &streams);
	if (r < 0)
		fail(creation, TTRPC_UNAVAILABLE, "stdio: no streams to the guest");
	else
		call_create(creation, spec, &streams);
	grpc__spec__free_unpacked(spec, NULL);
}

static void guest_there(const struct failure *failure, void *context)
{
	struct creation *creation = context;

	creation->guest_at = ev_time();
	if (failure)
		fail(creation, failure->code, failure->text);
	else
		create_in_guest(creation);
}

static int add_rootfs(struct creation *creation, struct problem *problem)
{
	const Containerd__Task__V2__CreateTaskRequest *request = creation->request;
	struct shim *shim = creation->shim;
	struct rootfs_mount *mounts = must_calloc((request->n_rootfs + 1) * sizeof(*mounts));
	int r;

	for (size_t i = 0; i < request->n_rootfs; i++)
		mounts[i] = (struct rootfs_mount){ .type = request->rootfs[i]->type,
						   .source = request->rootfs[i]->source,
						   .target = request->rootfs[i]->target,
						   .options = request->rootfs[i]->options,
						   .nr_options = request->rootfs[i]->n_options };
	r = rootfs_add_container(shim->config, shim->shared, creation->container->id,
				 request->bundle, mounts, request->n_rootfs, creation->spec,
				 !shim->guest, &creation->rootfs, problem);
	free(mounts);
	if (r < 0)
		return r;
	creation->container->mounted = true;
	for (size_t i = 0; i < creation->rootfs->nr_warnings; i++)
		shim_log(SHIM_LOG_WARNING, "%s", creation->rootfs->warnings[i]);
	return 0;
}

static int start_guest(struct creation *creation, struct problem *problem)
{
	const struct shim_guest_options options = {
		.netns = creation->netns,
		.hostname = spec_hostname(creation->spec),
		.sandbox_pidns = creation->sandbox_pidns,
		.disks = creation->rootfs ? creation->rootfs->disks : NULL,
		.nr_disks = creation->rootfs ? creation->rootfs->nr_disks : 0,
	};

	return shim_guest_start(creation->shim, &options, problem);
}

static int open_stdio(struct creation *creation, struct problem *problem)
{
	const Containerd__Task__V2__CreateTaskRequest *request = creation->request;
	const struct stdio_names names = { .stdin_ = request->stdin,
					   .stdout_ = request->stdout,
					   .stderr_ = request->stderr,
					   .terminal = request->terminal };
	struct process *init = &creation->container->init;

	process_set_names(init, &names);
	if (creation->container->virtual_)
		return 0;
	return stdio_open(&names, creation->shim->namespace_, request->id, &init->stdio, problem);
}

static int check_place(const struct shim *shim, const struct pod_place *place,
		       struct problem *problem)
{
	bool has_guest = shim->containers || shim->sandbox;

	if (place->role == POD_CONTAINER && strcmp(place->sandbox, shim->id) != 0)
		return problem_set(problem, -EINVAL, "this is the shim of pod %s, not of %s",
				   shim->id, place->sandbox);
	if (place->role == POD_CONTAINER && !has_guest)
		return problem_set(problem, -EBUSY, "pod %s is not running; create it first",
				   place->sandbox);
	if (place->role == POD_CONTAINER && !shim->guest && !shim->sandbox)
		return problem_set(problem, -EBUSY, "pod %s has no guest yet, or any more",
				   place->sandbox);
	if (place->role != POD_CONTAINER && has_guest && !shim->sandbox)
		return problem_set(problem, -EBUSY, "this shim has a sandbox already");
	return sandbox_check_running(shim, problem);
}

/* Of a pod's container: the pod's, and it matters for hooks alone. */
static int find_network(struct creation *creation, struct problem *problem)
{
	struct shim *shim = creation->shim;
	int r = network_find_namespace(creation->spec, &creation->netns, problem);

	if (shim->guest)
		return 0;
	if (r < 0 || creation->netns || !task_hooks_wait_for(creation->container))
		return r;
	r = network_make_namespace(&shim->netns, problem);
	if (!r && asprintf(&creation->netns, "/proc/self/fd/%d", shim->netns) < 0)
		abort();
	return r;
}

static int prepare(struct creation *creation, enum pod_role role, struct problem *problem)
{
	struct shim *shim = creation->shim;
	int r;

	r = task_hooks_read(creation->container, creation->spec, problem);
	if (!r)
		r = shim_guest_prepare(shim, creation->request->options, creation->spec, problem);
	if (!r)
		r = find_network(creation, problem);
	if (!r)
		r = spec_detach(creation->spec, shim->config, role, &creation->sandbox_pidns,
				problem);
	if (!r)
		r = open_stdio(creation, problem);
	sandbox_adapt_spec(shim, creation->spec);
	if (!r && role != POD_SANDBOX)
		r = add_rootfs(creation, problem);
	/* A pod's containers decide later whether they share it: it costs nothing. */
	if (role == POD_SANDBOX)
		creation->sandbox_pidns = true;
	return r;
}

static void stdio_ready(const char *why, void *context)
{
	struct creation *creation = context;

	if (why)
		fail(creation, TTRPC_FAILED_PRECONDITION, why);
	else
		shim_guest_wait(creation->shim, guest_there, creation);
}

/* Not found is what the caller has named, not what this machine lacks. */
static enum ttrpc_code start_code(int error)
{
	enum ttrpc_code code = ttrpc_code_from_errno(error);

	return code == TTRPC_NOT_FOUND ? TTRPC_FAILED_PRECONDITION : code;
}

/* The hooks have been run: what they made of the network is the guest's. */
static void hooks_done(const char *why, void *context)
{
	struct creation *creation = context;
	struct problem problem = { "" };
	int r = 0;

	if (why) {
		fail(creation, TTRPC_FAILED_PRECONDITION, why);
		return;
	}
	if (!creation->shim->guest)
		r = start_guest(creation, &problem);
	if (r < 0)
		fail(creation, start_code(r), problem.text);
	else if (creation->container->init.stdio)
		stdio_wait(creation->container->init.stdio, creation->shim->loop, stdio_ready,
			   creation);
	else
		stdio_ready(NULL, creation);
}

static int check_request(const struct shim *shim,
			 const Containerd__Task__V2__CreateTaskRequest *request,
			 struct problem *problem)
{
	if (!identifier_is_valid(request->id))
		return problem_set(problem, -EINVAL,
				   "container '%.100s': a name has 1 to 76 "
				   "letters, digits, '-', '_' and '.'",
				   request->id);
	if (container_find((struct shim *)shim, request->id))
		return problem_set(problem, -EEXIST, "container %s: already exists", request->id);
	if (*request->checkpoint)
		return problem_set(problem, -ENOSYS,
				   "checkpoint %.100s: a guest cannot be restored",
				   request->checkpoint);
	if (request->bundle[0] != '/')
		return problem_set(problem, -EINVAL, "bundle '%.100s': it must be an absolute path",
				   request->bundle);
	return 0;
}

TASK_HANDLER(task_create)
{
	const Containerd__Task__V2__CreateTaskRequest *request = (const void *)message;
	struct problem problem = { "" };
	struct json_object *spec = NULL;
	struct shim *shim = context;
	struct creation *creation;
	struct pod_place place = { .role = POD_SINGLE };
	int r;

	r = check_request(shim, request, &problem);
	if (!r)
		r = spec_read(request->bundle, &spec, &problem);
	if (!r)
		r = pod_place_find(spec, &place, &problem);
	if (!r)
		r = check_place(shim, &place, &problem);
	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "%s", problem.text);
		json_object_put(spec);
		return;
	}
	creation = must_calloc(sizeof(*creation));
	*creation = (struct creation){ .shim = shim,
				       .call = call,
				       .spec = spec,
				       .request = (void *)ttrpc_call_take_request(call),
				       .asked_at = ev_time() };
	creation->container = container_new(shim, request->id, request->bundle, place.role);
	r = prepare(creation, place.role, &problem);
	if (!r)
		r = task_hooks_create(creation->container, creation->netns, hooks_done, creation,
				      &problem);
	if (r < 0)
		fail(creation, ttrpc_code_from_errno(r), problem.text);
}
