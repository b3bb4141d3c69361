// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "log.h"
#include "runtime.h"
#include "runtime_log.h"
#include "ttrpc/clock.h"

#define CRUN "/usr/bin/crun"
#define ARGUMENTS_MAX 16

/* Far above what crun needs, far below what a caller waits. */
#define CRUN_SECONDS 60.

struct run {
	runtime_done *done;
	void *context;
	double began;
	char name[160]; /* for the log: verb and container */
	char log[64];
};

static void on_done(void *context, int status, bool timed_out)
{
	struct run *run = context;
	char text[RUNTIME_TEXT_SIZE];
	int error = 0;

	if (timed_out) {
		error = -ETIMEDOUT;
		snprintf(text, sizeof(text), "crun had not ended after %.0f s",
			 CRUN_SECONDS);
	} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		error = -EREMOTEIO;
		runtime_log_text(run->log, status, text);
	}
	unlink(run->log);
	log_debug("crun %s: %s (%.1f ms)", run->name, error ? text : "done",
		  (clock_seconds() - run->began) * 1000);
	run->done(run->context, error, error ? text : "");
	free(run);
}

static const int no_stdio[3] = { -1, -1, -1 };

/* arguments: the verb and what follows, the container's id as the last. */
static int run_crun(struct agent *agent, char *const *arguments,
		    const int stdio[3], runtime_done *done, void *context)
{
	static unsigned int number;
	char log_option[80];
	char *argv[ARGUMENTS_MAX] = { CRUN, "--root=/run/crun",
				      "--cgroup-manager=cgroupfs",
				      "--log-format=json", log_option };
	struct run *run = calloc(1, sizeof(*run));
	int used = 5, r;

	if (!run)
		return -ENOMEM;
	run->done = done;
	run->context = context;
	run->began = clock_seconds();
	snprintf(run->log, sizeof(run->log), AGENT_RUN_DIR "/crun-%u.log",
		 number++);
	snprintf(log_option, sizeof(log_option), "--log=%s", run->log);
	while (*arguments && used < ARGUMENTS_MAX - 1)
		argv[used++] = *arguments++;
	snprintf(run->name, sizeof(run->name), "%.16s %.128s", argv[5],
		 argv[used - 1]);
	r = command_start(agent->loop, agent->reaper, argv, stdio, CRUN_SECONDS,
			  on_done, run);
	if (r < 0)
		free(run);
	return r;
}

/* verb: ends with NULL. */
static int run_process(struct agent *agent, const char *const *verb,
		       const char *id, const char *file_option,
		       const struct runtime_process *process,
		       runtime_done *done, void *context)
{
	char file[600], pid_file[600], console[600];
	char *arguments[ARGUMENTS_MAX];
	int used = 0;

	while (*verb)
		arguments[used++] = (char *)*verb++;
	snprintf(file, sizeof(file), "%s=%s", file_option, process->file);
	snprintf(pid_file, sizeof(pid_file), "--pid-file=%s",
		 process->pid_file);
	arguments[used++] = file;
	arguments[used++] = pid_file;
	if (process->console_socket) {
		snprintf(console, sizeof(console), "--console-socket=%s",
			 process->console_socket);
		arguments[used++] = console;
	}
	arguments[used++] = (char *)id;
	arguments[used] = NULL;
	return run_crun(agent, arguments, process->stdio, done, context);
}

int runtime_create(struct agent *agent, const char *id,
		   const struct runtime_process *process, runtime_done *done,
		   void *context)
{
	static const char *const verb[] = { "create", NULL };

	return run_process(agent, verb, id, "--bundle", process, done, context);
}

int runtime_exec(struct agent *agent, const char *id,
		 const struct runtime_process *process, runtime_done *done,
		 void *context)
{
	static const char *const verb[] = { "exec", "--detach", NULL };

	return run_process(agent, verb, id, "--process", process, done,
			   context);
}

int runtime_start(struct agent *agent, const char *id, runtime_done *done,
		  void *context)
{
	return run_crun(agent, (char *[]){ "start", (char *)id, NULL },
			no_stdio, done, context);
}

int runtime_delete(struct agent *agent, const char *id, runtime_done *done,
		   void *context)
{
	return run_crun(agent,
			(char *[]){ "delete", "--force", (char *)id, NULL },
			no_stdio, done, context);
}

int runtime_update(struct agent *agent, const char *id, const char *file,
		   runtime_done *done, void *context)
{
	char option[600];

	snprintf(option, sizeof(option), "--resources=%s", file);
	return run_crun(agent, (char *[]){ "update", option, (char *)id, NULL },
			no_stdio, done, context);
}
