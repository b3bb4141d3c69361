// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "health.h"
#include "memory.h"
#include "ttrpc/ttrpc.h"

#define TEXT_SIZE 4096

struct agent_call {
	struct agent_call *next;
	struct agent *agent;
	const char *phase;
	double seconds;
	agent_done *done;
	void *context;
	/* NULL: it has failed, because of @error, or else when we know why. */
	struct ttrpc_pending *pending;
	int error;
};

struct agent {
	struct ev_loop *loop;
	struct ttrpc_client *client;
	struct health *health;
	struct agent_call *calls;
	struct agent_callbacks callbacks;
	void *context;
	/* Why there is no guest; NULL: there is one. */
	char *why;
	ev_timer tell;
};

static void unlink_call(struct agent_call *call)
{
	struct agent_call **at = &call->agent->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
}

/* Ends @call, which is linked no more. */
static void fail_call(struct agent_call *call, enum ttrpc_code code, const char *text)
{
	char whole[TEXT_SIZE];
	struct failure failure = { .code = code, .text = whole };

	snprintf(whole, sizeof(whole), "%s: %s", call->phase, text);
	call->done(&failure, NULL, call->context);
	free(call);
}

static struct agent_call *next_failed(struct agent *agent)
{
	struct agent_call *call = agent->calls;

	while (call && (call->pending || (!call->error && !agent->why)))
		call = call->next;
	return call;
}

static void tell_failed(struct agent *agent)
{
	struct agent_call *call;

	while ((call = next_failed(agent))) {
		unlink_call(call);
		if (call->error)
			fail_call(call, ttrpc_code_from_errno(call->error), strerror(-call->error));
		else
			fail_call(call, TTRPC_UNAVAILABLE, agent->why);
	}
}

/* From the loop: those who called must not hear of it before agent_call() returns. */
static void tell_later(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop;
	(void)events;
	tell_failed(timer->data);
}

static void tell_soon(struct agent *agent)
{
	if (ev_is_active(&agent->tell))
		return;
	ev_timer_set(&agent->tell, 0., 0.);
	ev_timer_start(agent->loop, &agent->tell);
}

/* Without the name of the method, which our phase tells better. */
static const char *plain_message(const char *message)
{
	const char *end = strstr(message, "grpc.AgentService/");

	if (end != message)
		return message;
	end = strstr(message, ": ");
	return end ? end + 2 : message;
}

static void call_done(struct ttrpc_result *result, void *context)
{
	struct agent_call *call = context;
	char text[64];

	call->pending = NULL;
	/* agent_lose() will say why. */
	if (result->code == TTRPC_UNAVAILABLE || result->code == TTRPC_CANCELED)
		return;
	unlink_call(call);
	if (result->code == TTRPC_DEADLINE_EXCEEDED) {
		health_check(call->agent->health);
		snprintf(text, sizeof(text), "no answer from the guest within %g s", call->seconds);
		fail_call(call, result->code, text);
	} else if (result->code != TTRPC_OK) {
		fail_call(call, result->code, plain_message(result->message));
	} else {
		call->done(NULL, result->response, call->context);
		free(call);
	}
}

static void client_closed(int error, void *context)
{
	struct agent *agent = context;

	(void)error;
	agent->callbacks.lost(agent->context);
}

static void client_hung(void *context)
{
	struct agent *agent = context;

	agent->callbacks.hung(agent->context);
}

int agent_new(struct ev_loop *loop, int fd, double health_seconds,
	      const struct agent_callbacks *callbacks, void *context, struct agent **ret_agent)
{
	struct agent *agent = must_calloc(sizeof(*agent));
	int r;

	*agent = (struct agent){ .loop = loop, .callbacks = *callbacks, .context = context };
	r = ttrpc_client_new(loop, fd, &agent->client);
	if (r < 0) {
		free(agent);
		return r;
	}
	ttrpc_client_on_closed(agent->client, client_closed, agent);
	agent->health = health_new(agent->client, health_seconds, client_hung, agent);
	ev_init(&agent->tell, tell_later);
	agent->tell.data = agent;
	*ret_agent = agent;
	return 0;
}

struct agent_call *agent_call(struct agent *agent, const char *phase, const char *method,
			      const ProtobufCMessage *request, double seconds, agent_done *done,
			      void *context)
{
	struct agent_call *call = must_calloc(sizeof(*call));
	int r = -ENOTCONN;

	*call = (struct agent_call){
		.agent = agent, .phase = phase, .seconds = seconds, .done = done, .context = context
	};
	if (!agent->why)
		r = ttrpc_client_call(agent->client, &grpc__agent_service__descriptor, NULL, method,
				      request, seconds, NULL, call_done, call, &call->pending);
	/* Without a connection agent_lose() says why, or has said it. */
	call->error = r == -ENOTCONN ? 0 : r;
	call->next = agent->calls;
	agent->calls = call;
	if (r < 0)
		tell_soon(agent);
	return call;
}

void agent_cancel(struct agent_call *call)
{
	if (!call)
		return;
	if (call->pending)
		ttrpc_client_cancel(call->pending);
	unlink_call(call);
	free(call);
}

void agent_lose(struct agent *agent, const char *why)
{
	if (agent->why)
		return;
	agent->why = must_strdup(why);
	/* Each of its calls comes to call_done(). */
	ttrpc_client_free(agent->client);
	agent->client = NULL;
	tell_failed(agent);
}

struct agent *agent_free(struct agent *agent)
{
	if (!agent)
		return NULL;
	while (agent->calls)
		agent_cancel(agent->calls);
	ev_timer_stop(agent->loop, &agent->tell);
	health_free(agent->health);
	ttrpc_client_free(agent->client);
	free(agent->why);
	free(agent);
	return NULL;
}
