// SPDX-License-Identifier: GPL-2.0-or-later
#include "container.h"

#include "agent.h"
#include "memory.h"
#include "process.h"
#include "shim.h"
#include "ttrpc/ttrpc.h"

static void process_init(struct process *process, struct container *container, const char *exec_id)
{
	*process = (struct process){ .container = container,
				     .exec_id = must_strdup(exec_id),
				     .stdin_ = must_strdup(""),
				     .stdout_ = must_strdup(""),
				     .stderr_ = must_strdup("") };
	process_prepare(process);
}

void process_set_names(struct process *process, const struct stdio_names *names)
{
	free(process->stdin_);
	free(process->stdout_);
	free(process->stderr_);
	process->stdin_ = must_strdup(names->stdin_);
	process->stdout_ = must_strdup(names->stdout_);
	process->stderr_ = must_strdup(names->stderr_);
	process->terminal = names->terminal;
}

/* All but the memory of @process itself. */
static void process_done(struct process *process)
{
	for (size_t i = 0; i < process->nr_waiters; i++)
		ttrpc_call_fail(process->waiters[i], TTRPC_NOT_FOUND, "%s %s: deleted",
				*process->exec_id ? "exec" : "container",
				*process->exec_id ? process->exec_id : process->container->id);
	ev_timer_stop(process->container->shim->loop, &process->drain);
	agent_cancel(process->wait);
	stdio_free(process->stdio);
	if (process->spec)
		grpc__process__free_unpacked(process->spec, NULL);
	free(process->waiters);
	free(process->exec_id);
	free(process->stdin_);
	free(process->stdout_);
	free(process->stderr_);
}

struct container *container_new(struct shim *shim, const char *id, const char *bundle,
				enum pod_role role)
{
	struct container *container = must_calloc(sizeof(*container));

	*container = (struct container){ .next = shim->containers,
					 .shim = shim,
					 .id = must_strdup(id),
					 .bundle = must_strdup(bundle),
					 .role = role,
					 .virtual_ = role == POD_SANDBOX };
	process_init(&container->init, container, "");
	shim->containers = container;
	ev_timer_stop(shim->loop, &shim->idle);
	return container;
}

struct container *container_find(struct shim *shim, const char *id)
{
	struct container *container = shim->containers;

	while (container && strcmp(container->id, id) != 0)
		container = container->next;
	return container;
}

void container_free(struct container *container)
{
	struct container **at = &container->shim->containers;

	while (*at != container)
		at = &(*at)->next;
	*at = container->next;
	if (!container->shim->containers)
		ev_timer_again(container->shim->loop, &container->shim->idle);
	while (container->execs)
		container_remove_exec(container->execs);
	process_done(&container->init);
	task_hooks_done(&container->hooks);
	free(container->id);
	free(container->bundle);
	free(container);
}

struct process *container_find_process(struct container *container, const char *exec_id)
{
	struct process *process = container->execs;

	if (!*exec_id)
		return &container->init;
	while (process && strcmp(process->exec_id, exec_id) != 0)
		process = process->next;
	return process;
}

struct process *container_add_exec(struct container *container, const char *exec_id,
				   const struct stdio_names *names)
{
	struct process *process = must_calloc(sizeof(*process));

	process_init(process, container, exec_id);
	process_set_names(process, names);
	process->next = container->execs;
	container->execs = process;
	return process;
}

void container_remove_exec(struct process *process)
{
	struct process **at = &process->container->execs;

	while (*at != process)
		at = &(*at)->next;
	*at = process->next;
	process_done(process);
	free(process);
}
