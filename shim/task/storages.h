/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storages of rootfs/ as messages of the agent's protocol. */
#ifndef KBM_SHIM_STORAGES_H
#define KBM_SHIM_STORAGES_H

#include <stddef.h>

#include "agent.pb-c.h"
#include "rootfs/rootfs.h"

struct storages {
	Grpc__Storage **messages;
	size_t nr;
};

/* The messages point into @from, which must outlive them. */
void storages_make(const struct rootfs_storage *from, size_t nr, struct storages *ret);

void storages_done(struct storages *storages);

#endif
