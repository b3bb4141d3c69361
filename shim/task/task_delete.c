// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <stdlib.h>

#include "agent.pb-c.h"
#include "config/problem.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "memory.h"
#include "process.h"
#include "rootfs/rootfs.h"
#include "shim.h"
#include "shim_guest.h"
#include "shim_log.h"
#include "task_events.h"
#include "task_hooks.h"

/* Of what is left in the container, in the guest. */
#define REMOVE_SECONDS 10

struct deletion {
	struct ttrpc_call *call;
	struct container *container;
};

static void reply(struct ttrpc_call *call, const struct process *process)
{
	Containerd__Task__V2__DeleteResponse response = CONTAINERD__TASK__V2__DELETE_RESPONSE__INIT;
	Google__Protobuf__Timestamp exited_at = timestamp_from(&process->exited_at);

	response.pid = process->pid;
	response.exit_status = process->exit_status;
	if (process->state == PROCESS_STOPPED)
		response.exited_at = &exited_at;
	ttrpc_call_reply(call, &response.base);
}

/*
 * A containerd that was restarted meanwhile has found the container, and does not
 * hear the answer: it will have to delete it once more.
 */
static void keep_deleted(struct container *container)
{
	container->deleting = false;
	if (container->init.state != PROCESS_STOPPED)
		process_set_failed(&container->init);
}

static void finish(void *context)
{
	struct deletion *deletion = context;
	struct container *container = deletion->container;
	bool heard = !ttrpc_call_cancelled(deletion->call);

	if (heard)
		publish_delete(container);
	reply(deletion->call, &container->init);
	if (heard)
		container_free(container);
	else
		keep_deleted(container);
	free(deletion);
}

static void end_hooks(void *context)
{
	struct deletion *deletion = context;

	task_hooks_end(deletion->container, finish, deletion);
}

/* All in the guest is done: the mounts that it had, and the guest if it was its own. */
static void remove_rest(struct deletion *deletion)
{
	struct container *container = deletion->container;
	struct shim *shim = container->shim;
	struct problem problem = { "" };

	container->in_guest = false;
	container->init.stdio = stdio_free(container->init.stdio);
	if (container->mounted &&
	    rootfs_remove_container(shim->shared, container->id, &problem) < 0)
		shim_log(SHIM_LOG_WARNING, "%s", problem.text);
	container->mounted = false;
	if (container->role == POD_CONTAINER || shim->sandbox)
		end_hooks(deletion);
	else
		shim_guest_stop(shim, "its container is deleted", end_hooks, deletion);
}

static void removed(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct deletion *deletion = context;

	(void)response;
	if (failure && failure->code != TTRPC_NOT_FOUND)
		shim_log(SHIM_LOG_WARNING, "%s: %s", deletion->container->id, failure->text);
	remove_rest(deletion);
}

/* A guest that ends with its container needs not to be told of both. */
static bool has_to_be_removed(const struct container *container)
{
	return container->in_guest && container->shim->guest_ready &&
	       (container->role == POD_CONTAINER || container->shim->sandbox);
}

static void delete_container(struct ttrpc_call *call, struct container *container)
{
	Grpc__RemoveContainerRequest request = GRPC__REMOVE_CONTAINER_REQUEST__INIT;
	struct deletion *deletion = must_calloc(sizeof(*deletion));

	*deletion = (struct deletion){ .call = call, .container = container };
	container->deleting = true;
	if (!has_to_be_removed(container)) {
		remove_rest(deletion);
		return;
	}
	request.container_id = container->id;
	request.timeout = REMOVE_SECONDS;
	guest_call(container->shim->guest, "remove container", "RemoveContainer", &request.base,
		   REMOVE_SECONDS + 1, removed, deletion);
}

static const char *why_not(const struct process *process)
{
	if (process->container->deleting)
		return "it is being deleted";
	switch (process->state) {
	case PROCESS_CREATED:
	case PROCESS_STOPPED:
		return NULL;
	case PROCESS_CREATING:
	case PROCESS_STARTING:
		return "it is being created or started; wait, or kill it";
	default:
		return "it runs; kill it before";
	}
}

TASK_HANDLER(task_delete)
{
	const Containerd__Task__V2__DeleteRequest *request = (const void *)message;
	struct shim *shim = context;
	struct process *process = task_find_process(shim, call, request->id, request->exec_id);
	const char *why;

	if (!process)
		return;
	why = why_not(process);
	if (why) {
		task_refuse(call, request->id, request->exec_id, "delete", why);
	} else if (*request->exec_id) {
		reply(call, process);
		container_remove_exec(process);
	} else {
		delete_container(call, process->container);
	}
}
