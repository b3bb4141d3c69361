/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mounts that the shim asks for, outside of containers. Each is mounted once,
 * however many containers name its mount point.
 */
#ifndef KBM_AGENT_STORAGE_H
#define KBM_AGENT_STORAGE_H

#include "agent.pb-c.h"
#include "config/problem.h"

struct storages;

/* Returns 0 or -ENOMEM. */
int storages_new(struct storages **ret_storages);

/* Unmounts all that can be. */
void storages_free(struct storages *storages);

/*
 * Mounts a storage, or counts one more user of its mount point. Returns 0 or a
 * negative errno with words.
 */
int storages_add(struct storages *storages, const Grpc__Storage *storage,
		 struct problem *problem);

/* One user less; unmounts with the last. Unknown mount points are fine. */
void storages_remove(struct storages *storages, const char *mount_point);

/* Names of the drivers, count of them. */
const char *const *storage_driver_names(size_t *ret_count);

#endif
