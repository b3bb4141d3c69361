/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Sandbox service: a guest without a container that stands for it. Used by
 * containerd 2 with sandboxer = "shim", by 1.7 if asked to.
 */
#ifndef KBM_SHIM_SANDBOX_SERVICE_H
#define KBM_SHIM_SANDBOX_SERVICE_H

#include <stdint.h>

#include "ttrpc/ttrpc.h"

struct json_object;
struct problem;
struct shim;

void sandbox_service(struct shim *shim, struct ttrpc_service *service);

/* The guest has ended; harmless if there is no sandbox of this service. */
void sandbox_set_ended(struct shim *shim, uint32_t exit_status);

/* -EBUSY: it is not started, or has ended. 0 if there is no sandbox of this service. */
int sandbox_check_running(const struct shim *shim, struct problem *problem);

/* Mounts and sysctls of a container that CRI leaves to the sandbox; harmless without one. */
void sandbox_adapt_spec(const struct shim *shim, struct json_object *spec);

/* Who waits hears that it is over. */
void sandbox_free(struct shim *shim);

#endif
