// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "new_process.h"
#include "oom.h"
#include "removal.h"
#include "runtime.h"

/* By name: both may be gone when crun has ended. */
struct making {
	struct agent *agent;
	struct ttrpc_call *call;
	char *container_id, *process_id;
	bool is_init;
	bool is_unwanted; /* its caller has given up */
};

static void making_free(struct making *making)
{
	free(making->container_id);
	free(making->process_id);
	free(making);
}

static int making_new(struct process *process, struct ttrpc_call *call,
		      struct making **ret_making)
{
	struct making *making = calloc(1, sizeof(*making));

	if (!making)
		return -ENOMEM;
	making->agent = process->agent;
	making->call = call;
	making->is_init = process == process->container->init;
	making->container_id = strdup(process->container->id);
	making->process_id = strdup(process->id);
	if (!making->container_id || !making->process_id) {
		making_free(making);
		return -ENOMEM;
	}
	*ret_making = making;
	return 0;
}

/* crun may have got as far as a container, whatever came after. */
static void take_container_away(struct container *container, int error)
{
	if (error == -EREMOTEIO || removal_start(container, NULL) < 0)
		container_free(container);
}

static void take_away(struct making *making, struct container *container,
		      struct process *process, int error)
{
	if (making->is_init) {
		take_container_away(container, error);
		return;
	}
	process_signal(process, SIGKILL);
	container_remove_process(container, process);
}

static void on_caller_gone(struct ttrpc_call *call, void *context)
{
	struct making *making = context;

	(void)call;
	making->is_unwanted = true;
}

/* It has the environment of a process: not for longer than crun needs it. */
static void forget_file(struct container *container, struct process *process)
{
	char path[PATH_MAX];

	unlink(container_path(container, process->id, ".json", path,
			      sizeof(path)));
}

static int attach(struct making *making, struct container *container,
		  struct process *process)
{
	char path[PATH_MAX];
	int r;

	container_path(container, process->id, ".pid", path, sizeof(path));
	r = process_attach(process, path);
	unlink(path);
	if (r < 0 || !making->is_init)
		return r;
	container->is_made = true;
	r = oom_watch_add(making->agent->oom, container->id, container->cgroup);
	if (r < 0)
		log_line("OOM kills of %s will not be told: %s", container->id,
			 strerror(-r));
	return 0;
}

/* Code UNKNOWN as other runtimes: "not found" would be the container itself. */
static void fail(struct making *making, int error, const char *text)
{
	ttrpc_call_fail(making->call,
			error == -ETIMEDOUT ? TTRPC_DEADLINE_EXCEEDED :
					      TTRPC_UNKNOWN,
			"OCI runtime %s failed: %s",
			making->is_init ? "create" : "exec", text);
}

static void on_made(void *context, int error, const char *text)
{
	struct making *making = context;
	struct container *container =
		container_find(making->agent, making->container_id);
	struct process *process = NULL;

	if (container)
		process = container_find_process(container, making->process_id);
	if (!process) {
		ttrpc_call_fail(making->call, TTRPC_NOT_FOUND,
				"container %s was removed",
				making->container_id);
		making_free(making);
		return;
	}
	process->creator = NULL;
	if (!making->is_init)
		forget_file(container, process);
	if (!error) {
		error = attach(making, container, process);
		text = error == -ENOENT ?
			       "crun sent no terminal or process number" :
			       strerror(-error);
	}
	if (!error && (making->is_unwanted || process->is_unwanted)) {
		error = -ETIMEDOUT;
		text = "nobody waits for it any more";
	}
	if (error) {
		fail(making, error, text);
		take_away(making, container, process, error);
	} else {
		call_reply_empty(making->call);
	}
	making_free(making);
}

static int run_crun(struct process *process, const char *console,
		    const int child[PROCESS_STDIO], struct making *making)
{
	struct container *container = process->container;
	char file[PATH_MAX], pid_file[PATH_MAX];
	struct runtime_process options = {
		.file = container->bundle,
		.pid_file = container_path(container, process->id, ".pid",
					   pid_file, sizeof(pid_file)),
		.console_socket = process->terminal ? console : NULL,
		.stdio = { child[0], child[1], child[2] },
	};

	if (making->is_init)
		return runtime_create(process->agent, container->id, &options,
				      on_made, making);
	options.file = container_path(container, process->id, ".json", file,
				      sizeof(file));
	return runtime_exec(process->agent, container->id, &options, on_made,
			    making);
}

int new_process_run(struct process *process, struct ttrpc_call *call,
		    struct problem *problem)
{
	static unsigned int number;
	int child[PROCESS_STDIO];
	struct making *making;
	char console[64]; /* a socket's path may not be long */
	int r;

	snprintf(console, sizeof(console), AGENT_RUN_DIR "/console-%u",
		 number++);
	r = making_new(process, call, &making);
	if (r < 0)
		return problem_set(problem, r, "out of memory");
	r = process_open_stdio(process, console, child);
	if (r >= 0)
		r = run_crun(process, console, child, making);
	for (int i = 0; i < PROCESS_STDIO; i++)
		if (child[i] >= 0)
			close(child[i]);
	if (r < 0) {
		making_free(making);
		return problem_set(problem, r,
				   "cannot start crun for process %s: %s",
				   process->id, strerror(-r));
	}
	process->creator = call;
	ttrpc_call_on_cancel(call, on_caller_gone, making);
	return 0;
}
