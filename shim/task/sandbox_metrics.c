// SPDX-License-Identifier: GPL-2.0-or-later
#include "sandbox_metrics.h"

#include <stdlib.h>
#include <time.h>

#include "config/problem.h"
#include "memory.h"
#include "pod_stats.h"
#include "protocols/any.h"
#include "sandbox.pb-c.h"
#include "sandbox_service.h"
#include "stats/stats.h"
#include "task_events.h"

struct metrics {
	struct ttrpc_call *call;
	char *id;
};

static void reply_metrics(struct metrics *metrics, const struct stats *stats)
{
	Containerd__Runtime__Sandbox__V1__SandboxMetricsResponse response =
		CONTAINERD__RUNTIME__SANDBOX__V1__SANDBOX_METRICS_RESPONSE__INIT;
	Containerd__Types__Metric metric = CONTAINERD__TYPES__METRIC__INIT;
	Google__Protobuf__Timestamp timestamp;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	timestamp = timestamp_from(&now);
	metric.timestamp = &timestamp;
	metric.id = metrics->id;
	if (stats_pack(stats, stats_form_here(), &metric.data) < 0)
		abort();
	response.metrics = &metric;
	ttrpc_call_reply(metrics->call, &response.base);
	any_free(metric.data);
}

static void got_metrics(const struct failure *failure, const struct stats *stats, void *context)
{
	struct metrics *metrics = context;

	if (failure)
		task_fail(metrics->call, failure);
	else
		reply_metrics(metrics, stats);
	free(metrics->id);
	free(metrics);
}

TASK_HANDLER(sandbox_metrics)
{
	const Containerd__Runtime__Sandbox__V1__SandboxMetricsRequest *request =
		(const void *)message;
	struct problem problem = { "" };
	struct shim *shim = context;
	struct metrics *metrics;
	int r;

	r = sandbox_check_running(shim, &problem);
	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "%s", problem.text);
		return;
	}
	metrics = must_calloc(sizeof(*metrics));
	*metrics = (struct metrics){ .call = call, .id = must_strdup(request->sandbox_id) };
	pod_stats_get(shim, task_limit(call, TASK_SECONDS), got_metrics, metrics);
}
