// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "cgroup.h"
#include "container.h"
#include "files.h"
#include "guest_spec.h"
#include "new_process.h"
#include "oci/oci.h"

static int check_exec(struct container *container,
		      const Grpc__ExecProcessRequest *request,
		      struct problem *problem)
{
	if (name_check(request->exec_id) < 0 ||
	    !strcmp(request->exec_id, "config"))
		return problem_set(problem, -EINVAL, "\"%.80s\" is no exec id",
				   request->exec_id);
	if (container_find_process(container, request->exec_id))
		return problem_set(problem, -EEXIST,
				   "process %s exists in container %s",
				   request->exec_id, container->id);
	if (!request->process)
		return problem_set(problem, -EINVAL, "no process to execute");
	return 0;
}

static int write_process(struct container *container, const char *exec_id,
			 const Grpc__Process *process, struct problem *problem)
{
	char path[PATH_MAX], *text;
	int r;

	r = oci_message_to_json(&process->base, &text);
	if (r < 0)
		return problem_set(problem, r, "out of memory");
	container_path(container, exec_id, ".json", path, sizeof(path));
	r = file_create(path, text, strlen(text), 0600);
	free(text);
	return r < 0 ? problem_set(problem, r, "cannot write %s: %s", path,
				   strerror(-r)) :
		       0;
}

static int execute(struct container *container, struct ttrpc_call *call,
		   const Grpc__ExecProcessRequest *request,
		   struct problem *problem)
{
	const uint32_t ports[] = { request->stdin_port, request->stdout_port,
				   request->stderr_port };
	struct process *process;
	int r;

	r = check_exec(container, request, problem);
	if (r < 0)
		return r;
	guest_spec_adapt_process(request->process);
	r = write_process(container, request->exec_id, request->process,
			  problem);
	if (r < 0)
		return r;
	r = process_new(container, request->exec_id, request->process->terminal,
			ports, &process);
	if (r < 0)
		return problem_set(problem, r, "out of memory");
	container_add_process(container, process);
	r = new_process_run(process, call, problem);
	if (r < 0)
		container_remove_process(container, process);
	return r;
}

CALL(call_exec_process)
{
	Grpc__ExecProcessRequest *own =
		(Grpc__ExecProcessRequest *)ttrpc_call_take_request(call);
	struct container *container =
		call_find_container(call, context, own->container_id);
	struct problem problem;
	int r = 0;

	(void)request;
	if (container && !container->is_started)
		ttrpc_call_fail(call, TTRPC_FAILED_PRECONDITION,
				"container %s is not started", container->id);
	else if (container)
		r = execute(container, call, own, &problem);
	if (r < 0)
		call_fail_problem(call, r, &problem);
	grpc__exec_process_request__free_unpacked(own, NULL);
}

CALL(call_signal_process)
{
	const Grpc__SignalProcessRequest *wanted =
		(const Grpc__SignalProcessRequest *)request;
	struct container *container;
	struct process *process;
	int r;

	container = call_find_container(call, context, wanted->container_id);
	if (!container)
		return;
	if (*wanted->exec_id) {
		process = call_find_process(call, context, wanted->container_id,
					    wanted->exec_id);
		if (!process)
			return;
		r = process_signal(process, wanted->signal);
	} else {
		r = cgroup_signal(container->cgroup, wanted->signal);
	}
	if (r == -ESRCH)
		ttrpc_call_fail(call, TTRPC_NOT_FOUND,
				"process %s of container %s has ended",
				wanted->exec_id, container->id);
	else if (r < 0)
		ttrpc_call_fail_errno(call, r,
				      "cannot send signal %u to %s: %s",
				      wanted->signal, container->id,
				      strerror(-r));
	else
		call_reply_empty(call);
}

CALL(call_wait_process)
{
	const Grpc__WaitProcessRequest *wanted =
		(const Grpc__WaitProcessRequest *)request;
	struct process *process = call_find_process(
		call, context, wanted->container_id, wanted->exec_id);

	if (process)
		process_wait(process, call);
}

CALL(call_close_stdin)
{
	const Grpc__CloseStdinRequest *wanted =
		(const Grpc__CloseStdinRequest *)request;

	if (call_find_process(call, context, wanted->container_id,
			      wanted->exec_id))
		call_reply_empty(call);
}

CALL(call_resize)
{
	const Grpc__TtyWinResizeRequest *wanted =
		(const Grpc__TtyWinResizeRequest *)request;
	struct process *process = call_find_process(
		call, context, wanted->container_id, wanted->exec_id);
	int r;

	if (!process)
		return;
	r = wanted->row > USHRT_MAX || wanted->column > USHRT_MAX ?
		    -ERANGE :
		    process_resize(process, wanted->row, wanted->column);
	if (r < 0)
		ttrpc_call_fail_errno(call, r,
				      "cannot resize the terminal of %s: %s",
				      process->id, strerror(-r));
	else
		call_reply_empty(call);
}
