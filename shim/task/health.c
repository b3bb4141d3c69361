// SPDX-License-Identifier: GPL-2.0-or-later
#include "health.h"

#include <stdlib.h>

#include "agent.pb-c.h"
#include "memory.h"
#include "ttrpc/ttrpc.h"

struct health {
	struct ttrpc_client *client;
	double seconds;
	void (*hung)(void *context);
	void *context;
	struct ttrpc_pending *pending;
};

struct health *health_new(struct ttrpc_client *client, double seconds, void (*hung)(void *context),
			  void *context)
{
	struct health *health = must_calloc(sizeof(*health));

	*health = (struct health){
		.client = client, .seconds = seconds, .hung = hung, .context = context
	};
	return health;
}

/* Whatever it says, it lives. A lost connection is told elsewhere. */
static void answered(struct ttrpc_result *result, void *context)
{
	struct health *health = context;

	health->pending = NULL;
	if (result->code == TTRPC_DEADLINE_EXCEEDED)
		health->hung(health->context);
}

void health_check(struct health *health)
{
	Grpc__CheckRequest request = GRPC__CHECK_REQUEST__INIT;

	if (health->pending)
		return;
	/* If it cannot be sent, the next call without an answer will ask again. */
	ttrpc_client_call(health->client, &grpc__health__descriptor, NULL, "Check", &request.base,
			  health->seconds, NULL, answered, health, &health->pending);
}

struct health *health_free(struct health *health)
{
	if (!health)
		return NULL;
	if (health->pending)
		ttrpc_client_cancel(health->pending);
	free(health);
	return NULL;
}
