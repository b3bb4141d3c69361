/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest of this shim: its configuration, its folders, who waits for it. */
#ifndef KBM_SHIM_SHIM_GUEST_H
#define KBM_SHIM_SHIM_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "google/protobuf/any.pb-c.h"

struct failure;
struct json_object;
struct problem;
struct rootfs_disk;
struct shim;

struct shim_guest_options {
	/* NULL: no network. */
	const char *netns;
	const char *hostname;
	bool sandbox_pidns;
	const struct rootfs_disk *disks;
	size_t nr_disks;
};

/*
 * Reads the configuration that the runtime options name (@options, else those of
 * start, else the usual file), with what @spec's annotations and limits add. Makes
 * the folder that the guest sees. Before shim_guest_start(); harmless when there is a guest.
 */
int shim_guest_prepare(struct shim *shim, const Google__Protobuf__Any *options,
		       struct json_object *spec, struct problem *problem);

/* Starts it; shim_guest_wait() tells when it is there. */
int shim_guest_start(struct shim *shim, const struct shim_guest_options *options,
		     struct problem *problem);

/*
 * @ready is called once, perhaps before this returns: with NULL when containers
 * may come, or with why they never can.
 */
void shim_guest_wait(struct shim *shim, void (*ready)(const struct failure *failure, void *context),
		     void *context);

/*
 * Ends it and all that is left of it, also of one that never came up; @stopped is
 * called once, perhaps before this returns. Several may ask.
 */
void shim_guest_stop(struct shim *shim, const char *why, void (*stopped)(void *context),
		     void *context);

#endif
