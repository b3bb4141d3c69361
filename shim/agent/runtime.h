/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crun's verbs, run as programs. */
#ifndef KBM_AGENT_RUNTIME_H
#define KBM_AGENT_RUNTIME_H

#include "agent.h"

/*
 * error: 0, or -ETIMEDOUT or -EREMOTEIO with crun's own words in text. Called
 * once, from the loop.
 */
typedef void runtime_done(void *context, int error, const char *text);

/* Of a new process: what crun is told beside the verb. */
struct runtime_process {
	const char *file; /* bundle's directory, or the process in JSON */
	const char *pid_file;
	const char *console_socket; /* NULL: no terminal */
	int stdio[3];
};

/* These return 0, or a negative errno when crun could not be started. */
int runtime_create(struct agent *agent, const char *id,
		   const struct runtime_process *process, runtime_done *done,
		   void *context);
int runtime_exec(struct agent *agent, const char *id,
		 const struct runtime_process *process, runtime_done *done,
		 void *context);
int runtime_start(struct agent *agent, const char *id, runtime_done *done,
		  void *context);
int runtime_delete(struct agent *agent, const char *id, runtime_done *done,
		   void *context);

/* file: LinuxResources in JSON. */
int runtime_update(struct agent *agent, const char *id, const char *file,
		   runtime_done *done, void *context);

#endif
