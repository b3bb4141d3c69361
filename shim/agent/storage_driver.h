/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside of storage: how each driver provides what is asked for. */
#ifndef KBM_AGENT_STORAGE_DRIVER_H
#define KBM_AGENT_STORAGE_DRIVER_H

#include <stdbool.h>

#include "agent.pb-c.h"
#include "config/problem.h"

struct storage_driver {
	const char *name;
	bool is_mount;
	/* Returns 0 or a negative errno with words; nothing is left then. */
	int (*provide)(const Grpc__Storage *storage, struct problem *problem);
};

/* NULL if there is none. */
const struct storage_driver *storage_driver_find(const char *name);

#endif
