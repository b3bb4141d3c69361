/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a process: told once, after its start has been, and after its output
 * has been written. The first process of a container ends after the others.
 */
#ifndef KBM_SHIM_PROCESS_H
#define KBM_SHIM_PROCESS_H

#include <stdint.h>

struct process;
struct ttrpc_call;

/* containerd's UnknownExitStatus: nobody knows how it ended. */
#define PROCESS_STATUS_UNKNOWN 255

/* Of a fresh one: timers. */
void process_prepare(struct process *process);

/* Opens its streams; on failure they are closed again. Negative errno. */
struct stdio_streams;
int process_open_streams(struct process *process, struct stdio_streams *ret_streams);

/* Asks the agent to tell when it ends. */
void process_watch(struct process *process);

/* It runs: gets its input, and from now on its end may be told. */
void process_set_running(struct process *process);

/* It will never run: no event, but who waits hears of it. */
void process_set_failed(struct process *process);

/*
 * An exec that had no answer in its time may have been started all the same, or be
 * started later: it is killed in the guest, and its name is free there.
 */
void process_kill_lost(const struct process *process);

/* It has ended. */
void process_exit(struct process *process, uint32_t status);

/* Answers @call when it has ended; at once if it has. */
void process_add_waiter(struct process *process, struct ttrpc_call *call);

#endif
