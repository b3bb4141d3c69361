/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs a program and tells of its end. */
#ifndef KBM_AGENT_COMMAND_H
#define KBM_AGENT_COMMAND_H

#include <stdbool.h>

#include "reaper.h"

struct command;

/* status: as of waitpid(2); timed_out: it was killed for that. */
typedef void command_done(void *context, int status, bool timed_out);

/*
 * argv: ends with NULL. stdio: the program's descriptors 0 to 2, -1 for
 * /dev/null; they stay the caller's. seconds: time limit. done is called once,
 * from the loop. Returns 0 or a negative errno.
 */
int command_start(struct ev_loop *loop, struct reaper *reaper,
		  char *const *argv, const int stdio[3], double seconds,
		  command_done *done, void *context);

#endif
