/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Containers and processes in a guest, as a shim would have them. */
#ifndef KBM_TEST_AGENT_PROCESS_H
#define KBM_TEST_AGENT_PROCESS_H

#include "guest.h"

struct process {
	struct guest *guest;
	char container[64], id[64];
	uint32_t numbers[3];
	struct stream *streams[3];
	char *output; /* of stdout and stderr, ends with a zero byte */
	size_t size;
	size_t dropped; /* bytes of output, when keep is false */
	bool keep, ended[3];
	bool has_exited; /* WaitProcess was answered */
	bool is_over; /* and all output is here */
	int exit_code;
};

struct container_options {
	const char *root; /* path in the guest; NULL: the share's "rootfs" */
	const char *disk_root; /* mount disk0 there and use it as root */
	const char *hostname;
	const char *more; /* of "linux" in JSON, such as ",\"resources\":{}" */
	bool terminal, with_stdin, drop_output, shares_pids;
	bool sees_guest; /* all of its files, at /guest */
};

/*
 * command: for busybox's sh -c, or NULL for a program that does not exist. Both
 * return the call's code; the process is to be freed in any case.
 */
enum ttrpc_code container_create(struct process *process, struct guest *guest,
				 const char *id, const char *command,
				 const struct container_options *options);
enum ttrpc_code container_exec(struct process *process, struct guest *guest,
			       const char *container, const char *id,
			       const char *command,
			       const struct container_options *options);

enum ttrpc_code container_start(struct process *process);
enum ttrpc_code container_remove(struct process *process);

/* Runs a command in a new container to its end. Returns its exit code, or -1. */
int container_run(struct process *process, struct guest *guest, const char *id,
		  const char *command, const struct container_options *options);

/* Waits for exit and output. Returns the exit code, or -1 when it takes too long. */
int process_wait(struct process *process, double seconds);

/* Waits until its output has that text. */
bool process_says(struct process *process, const char *text, double seconds);

enum ttrpc_code process_kill(struct process *process, const char *exec_id,
			     int signal);

void process_free(struct process *process);

#endif
