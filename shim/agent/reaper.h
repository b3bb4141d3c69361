/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ended processes. The agent is process 1: all that lose their parent are its
 * children, and each has to be waited for.
 */
#ifndef KBM_AGENT_REAPER_H
#define KBM_AGENT_REAPER_H

#include <ev.h>
#include <sys/types.h>

struct reaper;

/* status: as of waitpid(2). */
typedef void reaper_exited(void *context, int status);

/* One a process. Returns 0 or -ENOMEM. */
int reaper_new(struct ev_loop *loop, struct reaper **ret_reaper);
void reaper_free(struct reaper *reaper);

/*
 * exited is called from the loop when pid has ended, also if it did so shortly
 * before: a process is often known by its number only after its parent has
 * ended, too. Returns 0 or -ENOMEM.
 */
int reaper_watch(struct reaper *reaper, pid_t pid, reaper_exited *exited,
		 void *context);

/* exited will not be called any more. */
void reaper_forget(struct reaper *reaper, pid_t pid);

#endif
