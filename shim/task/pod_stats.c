// SPDX-License-Identifier: GPL-2.0-or-later
#include "pod_stats.h"

#include <stdlib.h>

#include "container.h"
#include "guest.h"
#include "guest_stats.h"
#include "memory.h"
#include "shim.h"
#include "stats/sum.h"
#include "ttrpc/ttrpc.h"

struct pod_stats {
	struct stats_sum sum;
	size_t nr_pending;
	/* The first; code TTRPC_OK: none. */
	struct failure failure;
	char *text;
	void (*done)(const struct failure *failure, const struct stats *stats, void *context);
	void *context;
};

static void finish(struct pod_stats *pod)
{
	pod->done(pod->text ? &pod->failure : NULL, &pod->sum.stats, pod->context);
	stats_sum_done(&pod->sum);
	free(pod->text);
	free(pod);
}

static void keep_failure(struct pod_stats *pod, const struct failure *failure)
{
	/* A container that has ended meanwhile uses nothing. */
	if (pod->text || failure->code == TTRPC_NOT_FOUND)
		return;
	pod->text = must_strdup(failure->text);
	pod->failure = (struct failure){ .code = failure->code, .text = pod->text };
}

static void add(struct pod_stats *pod, const Grpc__StatsContainerResponse *response)
{
	static const struct failure no_memory = { TTRPC_RESOURCE_EXHAUSTED,
						  "statistics: no memory for them" };
	struct stats stats;

	guest_stats_read(response, &stats);
	if (stats_sum_add(&pod->sum, &stats) < 0)
		keep_failure(pod, &no_memory);
	guest_stats_done(&stats);
}

static void got_stats(const struct failure *failure, const ProtobufCMessage *response,
		      void *context)
{
	struct pod_stats *pod = context;

	if (failure)
		keep_failure(pod, failure);
	else
		add(pod, (const Grpc__StatsContainerResponse *)response);
	if (!--pod->nr_pending)
		finish(pod);
}

static bool is_there(const struct container *container)
{
	return container->in_guest && !container->init.exited && !container->deleting;
}

void pod_stats_get(struct shim *shim, double seconds,
		   void (*done)(const struct failure *failure, const struct stats *stats,
				void *context),
		   void *context)
{
	Grpc__StatsContainerRequest request = GRPC__STATS_CONTAINER_REQUEST__INIT;
	struct pod_stats *pod = must_calloc(sizeof(*pod));

	pod->done = done;
	pod->context = context;
	for (struct container *c = shim->containers; c && shim->guest_ready; c = c->next) {
		if (!is_there(c))
			continue;
		request.container_id = c->id;
		pod->nr_pending++;
		guest_call(shim->guest, "statistics", "StatsContainer", &request.base, seconds,
			   got_stats, pod);
	}
	if (!pod->nr_pending)
		finish(pod);
}
