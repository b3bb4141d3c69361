/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells when the kernel has killed a process of a container for want of memory. */
#ifndef KBM_AGENT_OOM_H
#define KBM_AGENT_OOM_H

#include <ev.h>

struct oom_watch;

typedef void oom_killed(void *context, const char *container_id);

/* Returns 0 or a negative errno. */
int oom_watch_new(struct ev_loop *loop, oom_killed *killed, void *context,
		  struct oom_watch **ret_watch);
void oom_watch_free(struct oom_watch *watch);

/* cgroup: the container's directory, which exists. Returns 0 or a negative errno. */
int oom_watch_add(struct oom_watch *watch, const char *container_id,
		  const char *cgroup);

/* Tells of what has happened until now, then forgets the container. */
void oom_watch_remove(struct oom_watch *watch, const char *container_id);

/* Tells of what has happened to a container that the loop has not seen yet. */
void oom_watch_look(struct oom_watch *watch, const char *container_id);

#endif
