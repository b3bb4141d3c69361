/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Task service: a handler for each of its calls, each in the file of what it
 * does. The context of all is the shim.
 */
#ifndef KBM_SHIM_TASK_H
#define KBM_SHIM_TASK_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "ttrpc/ttrpc.h"

struct container;
struct failure;
struct process;
struct shim;

/* Seconds for calls into the guest that do little; and for those that start something. */
#define TASK_SECONDS 10
#define TASK_START_SECONDS 60

/* The service under its two names. */
#define TASK_NR_SERVICES 2
void task_services(struct shim *shim, struct ttrpc_service services[TASK_NR_SERVICES]);

#define TASK_HANDLER(name) \
	void name(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)

TASK_HANDLER(task_state);
TASK_HANDLER(task_create);
TASK_HANDLER(task_start);
TASK_HANDLER(task_delete);
TASK_HANDLER(task_pids);
TASK_HANDLER(task_pause);
TASK_HANDLER(task_resume);
TASK_HANDLER(task_checkpoint);
TASK_HANDLER(task_kill);
TASK_HANDLER(task_exec);
TASK_HANDLER(task_resize_pty);
TASK_HANDLER(task_close_io);
TASK_HANDLER(task_update);
TASK_HANDLER(task_wait);
TASK_HANDLER(task_stats);
TASK_HANDLER(task_connect);
TASK_HANDLER(task_shutdown);

/* NULL: not there, and @call has been told so (NotFound). */
struct container *task_find(struct shim *shim, struct ttrpc_call *call, const char *id);
struct process *task_find_process(struct shim *shim, struct ttrpc_call *call, const char *id,
				  const char *exec_id);

/*
 * As task_find(), for calls into the guest: also fails when the container is no
 * process of the guest, or there is no guest (FailedPrecondition).
 */
struct process *task_find_in_guest(struct shim *shim, struct ttrpc_call *call, const char *id,
				   const char *exec_id);

void task_fail(struct ttrpc_call *call, const struct failure *failure);

/* google.protobuf.Empty. */
void task_reply_empty(struct ttrpc_call *call);

/* For guest_call() with the call as @context: the answer of the guest is the answer. */
void task_forwarded(const struct failure *failure, const ProtobufCMessage *response, void *context);

/* FailedPrecondition: @verb ("start", say) is not possible in this state, and @why. */
void task_refuse(struct ttrpc_call *call, const char *id, const char *exec_id, const char *verb,
		 const char *why);

/* Seconds for a call into the guest: at most @limit, or as long as the caller waits. */
double task_limit(const struct ttrpc_call *call, double limit);

#endif
