// SPDX-License-Identifier: GPL-2.0-or-later
#include "task.h"

#include "agent.pb-c.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "guest.h"
#include "guest_stats.h"
#include "pod_stats.h"
#include "protocols/any.h"
#include "shim.h"

static void reply(struct ttrpc_call *call, const struct stats *stats)
{
	Containerd__Task__V2__StatsResponse response = CONTAINERD__TASK__V2__STATS_RESPONSE__INIT;
	int r = stats_pack(stats, stats_form_here(), &response.stats);

	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "statistics: no memory for them");
		return;
	}
	ttrpc_call_reply(call, &response.base);
	any_free(response.stats);
}

static void got_stats(const struct failure *failure, const ProtobufCMessage *response,
		      void *context)
{
	struct ttrpc_call *call = context;
	struct stats stats;

	if (failure) {
		task_fail(call, failure);
		return;
	}
	guest_stats_read((const Grpc__StatsContainerResponse *)response, &stats);
	reply(call, &stats);
	guest_stats_done(&stats);
}

static void got_pod_stats(const struct failure *failure, const struct stats *stats, void *context)
{
	if (failure)
		task_fail(context, failure);
	else
		reply(context, stats);
}

TASK_HANDLER(task_stats)
{
	const Containerd__Task__V2__StatsRequest *request = (const void *)message;
	Grpc__StatsContainerRequest stats_request = GRPC__STATS_CONTAINER_REQUEST__INIT;
	struct container *container = task_find(context, call, request->id);
	struct shim *shim = context;

	if (!container)
		return;
	if (container->virtual_) {
		pod_stats_get(shim, task_limit(call, TASK_SECONDS), got_pod_stats, call);
		return;
	}
	if (!task_find_in_guest(shim, call, request->id, ""))
		return;
	stats_request.container_id = container->id;
	guest_call(shim->guest, "statistics", "StatsContainer", &stats_request.base,
		   task_limit(call, TASK_SECONDS), got_stats, call);
}
