/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CreateContainer and ExecProcess have in common: a process made by crun. */
#ifndef KBM_AGENT_NEW_PROCESS_H
#define KBM_AGENT_NEW_PROCESS_H

#include "calls.h"
#include "container.h"

/*
 * Connects the process's descriptors and runs crun: for the container's first
 * process "create" with the bundle, else "exec" with the file
 * "<bundle>/<id>.json". Owns call from then on, answers it when crun has ended,
 * and takes the process (an exec's) or the container (its first's) away if it
 * failed. Returns a negative errno when it did not get that far; then all is
 * still the caller's.
 */
int new_process_run(struct process *process, struct ttrpc_call *call,
		    struct problem *problem);

#endif
