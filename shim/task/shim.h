/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shim of one sandbox: everything its services share. */
#ifndef KBM_SHIM_SHIM_H
#define KBM_SHIM_SHIM_H

#include <stdbool.h>
#include <time.h>

#include <ev.h>

#include "google/protobuf/any.pb-c.h"
#include "google/protobuf/timestamp.pb-c.h"

struct cgroup;
struct config;
struct container;
struct events_publisher;
struct guest;
struct shim_waiter;
struct ttrpc_call;
struct ttrpc_server;

struct shim {
	struct ev_loop *loop;
	/* Of the sandbox. */
	const char *id;
	const char *namespace_;
	const char *address;
	/* Runtime options from start's stdin; NULL: none. */
	Google__Protobuf__Any *options;
	struct ttrpc_server *server;
	struct events_publisher *publisher;
	/* A folder for what delete needs; the guest sees the shared one in it. */
	char *state_dir;
	char *shared;
	struct config *config;
	/* NULL: not asked for yet, or ended in order. shim_guest.h has these. */
	struct guest *guest;
	/* A network namespace that we made for it, since hooks fill it; -1: none. */
	int netns;
	/* On this machine, with sandbox_cgroup_only; NULL: where we were started. */
	struct cgroup *cgroup;
	bool guest_ready;
	bool guest_failed;
	bool guest_stopping;
	struct shim_waiter *ready_waiters;
	struct shim_waiter *stop_waiters;
	struct container *containers;
	/* Runs while there is no container: nobody may have a use for us. */
	ev_timer idle;
	/* The sandbox service's. */
	struct sandbox *sandbox;
};

#endif
