/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls to the agent of a guest: each with a time limit, and an error that says
 * in which phase it happened. A lost connection is explained by the end of the VM.
 */
#ifndef KBM_SHIM_AGENT_H
#define KBM_SHIM_AGENT_H

#include <ev.h>
#include <protobuf-c/protobuf-c.h>

#include "ttrpc/status.h"

struct agent;
struct agent_call;

/* Why something did not work: the code for containerd, and a sentence. */
struct failure {
	enum ttrpc_code code;
	const char *text;
};

/* @failure: NULL: it worked, and there is @response, which is the agent's. */
typedef void agent_done(const struct failure *failure, const ProtobufCMessage *response,
			void *context);

struct agent_callbacks {
	/* The connection is gone; calls without an answer wait for agent_lose(). */
	void (*lost)(void *context);
	/*
	 * A call had no answer in its time, and neither had the question whether the
	 * agent is there at all. The guest should end, and agent_lose() follow.
	 */
	void (*hung)(void *context);
};

/* @fd: of the port; the agent's once 0 is returned. @health_seconds: for hung(). */
int agent_new(struct ev_loop *loop, int fd, double health_seconds,
	      const struct agent_callbacks *callbacks, void *context, struct agent **ret_agent);

/*
 * @phase: words for an error, such as "exec"; a literal. @method: of Kata's
 * AgentService. @seconds: limit; 0: none, for calls that last. @done is called
 * once, never before this returns, unless the call is cancelled.
 */
struct agent_call *agent_call(struct agent *agent, const char *phase, const char *method,
			      const ProtobufCMessage *request, double seconds, agent_done *done,
			      void *context);

/* No @done. Not after @done was called. NULL is fine. */
void agent_cancel(struct agent_call *call);

/*
 * There is no guest any more, because of @why: fails all calls, and later ones. To
 * be called from the loop: calls @done of those under way.
 */
void agent_lose(struct agent *agent, const char *why);

/* Without any @done. NULL is fine. */
struct agent *agent_free(struct agent *agent);

#endif
