// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "calls.h"
#include "log.h"

/*
 * Kills that nobody has asked for yet; one event for each container is enough,
 * since nothing else is said of it.
 */
#define EVENTS_MAX 64

static char *events[EVENTS_MAX];
static struct ttrpc_call *listener;

static void send_event(void)
{
	Grpc__OOMEvent event = GRPC__OOMEVENT__INIT;
	struct ttrpc_call *call = listener;

	if (!call || !events[0])
		return;
	listener = NULL;
	event.container_id = events[0];
	ttrpc_call_reply(call, &event.base);
	free(events[0]);
	memmove(events, events + 1, sizeof(events) - sizeof(events[0]));
	events[EVENTS_MAX - 1] = NULL;
}

void calls_oom_killed(void *context, const char *container_id)
{
	size_t i = 0;

	(void)context;
	log_line("the kernel killed a process of %s for want of memory",
		 container_id);
	while (i < EVENTS_MAX && events[i] && strcmp(events[i], container_id))
		i++;
	if (i < EVENTS_MAX && !events[i])
		events[i] = strdup(container_id);
	send_event();
}

static void on_listener_cancelled(struct ttrpc_call *call, void *context)
{
	(void)context;
	if (listener == call)
		listener = NULL;
	ttrpc_call_fail(call, TTRPC_CANCELED, "nobody waits any more");
}

CALL(call_get_oom_event)
{
	(void)request;
	(void)context;
	if (listener) {
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"another call waits for OOM events");
		return;
	}
	listener = call;
	ttrpc_call_on_cancel(call, on_listener_cancelled, NULL);
	send_event();
}
