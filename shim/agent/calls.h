/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls of protocols/agent.proto, by what they are about. */
#ifndef KBM_AGENT_CALLS_H
#define KBM_AGENT_CALLS_H

#include "agent.h"
#include "config/problem.h"
#include "ttrpc/ttrpc.h"

/* context: struct agent. */
#define CALL(name)                                                          \
	void name(struct ttrpc_call *call, const ProtobufCMessage *request, \
		  void *context)

/* calls_container.c */
CALL(call_create_container);
CALL(call_start_container);
CALL(call_remove_container);

/* calls_process.c */
CALL(call_exec_process);
CALL(call_signal_process);
CALL(call_wait_process);
CALL(call_close_stdin);
CALL(call_resize);

/* calls_resources.c */
CALL(call_update_container);
CALL(call_stats);
CALL(call_pause);
CALL(call_resume);

/* calls_oom.c */
CALL(call_get_oom_event);

/* An OOM kill, for that call. */
void calls_oom_killed(void *context, const char *container_id);

/* calls_network.c */
CALL(call_update_interface);
CALL(call_update_routes);
CALL(call_list_interfaces);
CALL(call_list_routes);
CALL(call_add_neighbours);

/* calls_sandbox.c */
CALL(call_create_sandbox);
CALL(call_destroy_sandbox);
CALL(call_online_cpu_mem);
CALL(call_reseed);
CALL(call_details);
CALL(call_set_time);
CALL(call_check);
CALL(call_version);

/* calls_files.c */
CALL(call_copy_file);

/* Ends the call with google.protobuf.Empty. */
void call_reply_empty(struct ttrpc_call *call);

/* Ends it with the error's code and the problem's words. */
void call_fail_problem(struct ttrpc_call *call, int error,
		       const struct problem *problem);

/* The container, or NULL after the call was ended with "not found". */
struct container *call_find_container(struct ttrpc_call *call,
				      struct agent *agent, const char *id);
struct process *call_find_process(struct ttrpc_call *call, struct agent *agent,
				  const char *container_id,
				  const char *exec_id);

#endif
