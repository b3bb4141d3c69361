// SPDX-License-Identifier: GPL-2.0-or-later
#include "calls.h"
#include "container.h"
#include "google/protobuf/empty.pb-c.h"

void call_reply_empty(struct ttrpc_call *call)
{
	Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;

	ttrpc_call_reply(call, &empty.base);
}

void call_fail_problem(struct ttrpc_call *call, int error,
		       const struct problem *problem)
{
	ttrpc_call_fail_errno(call, error, "%s", problem->text);
}

struct container *call_find_container(struct ttrpc_call *call,
				      struct agent *agent, const char *id)
{
	struct container *container = container_find(agent, id);

	if (!container)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND,
				"no container \"%.128s\" in this guest", id);
	return container;
}

struct process *call_find_process(struct ttrpc_call *call, struct agent *agent,
				  const char *container_id, const char *exec_id)
{
	struct container *container =
		call_find_container(call, agent, container_id);
	struct process *process;

	if (!container)
		return NULL;
	process = container_find_process(container, exec_id);
	if (!process)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND,
				"no process \"%.128s\" in container %s",
				exec_id, container_id);
	return process;
}
