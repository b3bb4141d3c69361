/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that the shim knows: a container's first, or one of an exec. Its
 * descriptors end in streams; its end is told to those who wait.
 */
#ifndef KBM_AGENT_PROCESS_H
#define KBM_AGENT_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent.h"
#include "stream/pump.h"

struct container;
struct ttrpc_call;

enum process_stdio {
	PROCESS_STDIN,
	PROCESS_STDOUT,
	PROCESS_STDERR,
	PROCESS_STDIO
};

struct process {
	struct process *next; /* in its container */
	struct agent *agent;
	struct container *container;
	char *id;
	bool terminal;
	uint32_t ports[PROCESS_STDIO]; /* numbers of streams, 0: none */
	struct stream_pump *pumps[PROCESS_STDIO];
	struct console *console; /* until crun has sent the master */
	int master; /* of the terminal, or -1 */

	pid_t pid; /* 0 until crun has made it */
	bool has_exited;
	int exit_code;
	struct ttrpc_call *creator; /* waits for crun */
	bool is_unwanted; /* to be killed as soon as crun has made it */
	struct ttrpc_call **waiters; /* wait for the end */
	size_t waiter_count;
	bool was_waited_for;
	ev_timer drained; /* tells the waiters, at the latest */
};

/* Returns 0 or -ENOMEM. */
int process_new(struct container *container, const char *id, bool terminal,
		const uint32_t ports[PROCESS_STDIO],
		struct process **ret_process);

/*
 * Resets its streams; waiters are told that the container is gone. NULL is fine.
 */
void process_free(struct process *process);

/*
 * Before crun: makes pipes (or, with a terminal, listens for it at
 * console_path) and connects them with streams. ret_child: what crun gets, -1
 * for /dev/null; the caller closes them. Returns 0 or a negative errno.
 */
int process_open_stdio(struct process *process, const char *console_path,
		       int ret_child[PROCESS_STDIO]);

/*
 * After crun: takes the terminal and the number in pid_file. Returns 0 or a
 * negative errno.
 */
int process_attach(struct process *process, const char *pid_file);

/*
 * Answers the call when the process has ended; a container's first one also has no output
 * left then, or a reader who takes too long for it.
 */
void process_wait(struct process *process, struct ttrpc_call *call);

/*
 * Returns 0, -ESRCH (it has ended) or a negative errno of kill(2). One that crun
 * is still making takes SIGKILL alone, which will be its end.
 */
int process_signal(struct process *process, int number);

/* Returns 0 or a negative errno; -ENOTTY without a terminal. */
int process_resize(struct process *process, unsigned int rows,
		   unsigned int columns);

/*
 * It has ended, was waited for, and has no output left: nobody will ask for it
 * again.
 */
bool process_is_done(const struct process *process);

#endif
