/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /etc/hosts, /etc/hostname, /etc/resolv.conf and /dev/shm of a pod's containers.
 * For a pod of the Sandbox service containerd makes none: it leaves them out (2.x),
 * or names files that it does not make (1.7, which puts folders there).
 */
#ifndef KBM_SHIM_POD_FILES_H
#define KBM_SHIM_POD_FILES_H

#include "pod_config.pb-c.h"

struct json_object;
struct problem;

/* Into @folder; they are removed with it. */
int pod_files_write(const char *folder, const Runtime__V1__PodSandboxConfig *pod,
		    struct problem *problem);

/* Mounts in a container's @spec; those that its pod gives it stay. */
void pod_files_add(struct json_object *spec, const char *folder);

#endif
