// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include <stdlib.h>

#include "agent.pb-c.h"
#include "config/problem.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "shim.h"
#include "spec.h"

/* Limits of a container in the guest; the guest itself has its size for good. */
TASK_HANDLER(task_update)
{
	const Containerd__Task__V2__UpdateTaskRequest *request = (const void *)message;
	Grpc__UpdateContainerRequest update = GRPC__UPDATE_CONTAINER_REQUEST__INIT;
	struct container *container = task_find(context, call, request->id);
	struct problem problem = { "" };
	struct shim *shim = context;
	int r;

	if (!container)
		return;
	/* A pod's own limits changed: they are of the host's cgroup. */
	if (container->virtual_ || !request->resources) {
		task_reply_empty(call);
		return;
	}
	if (!task_find_in_guest(shim, call, request->id, ""))
		return;
	r = spec_pack_resources((const char *)request->resources->value.data,
				request->resources->value.len, &update.resources, &problem);
	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "%s", problem.text);
		return;
	}
	update.container_id = container->id;
	guest_call(shim->guest, "update", "UpdateContainer", &update.base,
		   task_limit(call, TASK_SECONDS), task_forwarded, call);
	grpc__linux_resources__free_unpacked(update.resources, NULL);
}

TASK_HANDLER(task_checkpoint)
{
	(void)message;
	(void)context;
	ttrpc_call_fail(call, TTRPC_UNIMPLEMENTED, "a guest cannot be checkpointed");
}
