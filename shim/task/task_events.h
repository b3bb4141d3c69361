/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events of tasks, as containerd names them. */
#ifndef KBM_SHIM_TASK_EVENTS_H
#define KBM_SHIM_TASK_EVENTS_H

#include <time.h>

#include "containerd/mount.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

struct container;
struct process;
struct shim;

Google__Protobuf__Timestamp timestamp_from(const struct timespec *time);

/* @rootfs: as in the request. */
void publish_create(struct container *container, Containerd__Types__Mount **rootfs, size_t nr);
/* /tasks/start of a container's first process, /tasks/exec-started of others. */
void publish_start(struct process *process);
void publish_exec_added(struct process *process);
void publish_exit(struct process *process);
void publish_delete(struct container *container);
void publish_paused(struct container *container);
void publish_resumed(struct container *container);
void publish_oom(struct shim *shim, const char *id);

#endif
