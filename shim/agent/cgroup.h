/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cgroup (version 2) of a container. */
#ifndef KBM_AGENT_CGROUP_H
#define KBM_AGENT_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include "agent.pb-c.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* path: its directory. All return 0 or a negative errno. */
int cgroup_freeze(const char *path, bool freeze);

/* Sends a signal to every process; -ESRCH if there is none. */
int cgroup_signal(const char *path, int number);

/*
 * A number of a file of lines "name number", 0 if it is not there. file: below
 * path.
 */
unsigned long long cgroup_value(const char *path, const char *file,
				const char *name);

/*
 * What the agent's StatsContainer returns; free it by
 * grpc__cgroup_stats__free_unpacked().
 */
int cgroup_stats(const char *path, Grpc__CgroupStats **ret_stats);

#endif
