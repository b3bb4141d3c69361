/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that serves a sandbox. */
#ifndef KBM_SHIM_SERVER_H
#define KBM_SHIM_SERVER_H

#include "google/protobuf/any.pb-c.h"

struct options;
struct problem;
struct shim;

struct server_options {
	const struct options *options;
	/* Of the sandbox; its address, and a socket that listens there. */
	const char *id;
	const char *address;
	int listener;
	/* Runtime options of start; NULL: none. */
	Google__Protobuf__Any *runtime_options;
};

/* All that may fail. Strings and options must outlive the server, which owns the socket. */
int server_new(const struct server_options *options, struct shim **ret_shim,
	       struct problem *problem);

/* Serves until Shutdown; then all is freed. */
void server_run(struct shim *shim);

/*
 * Nobody is to connect any more; ends the guest, tells the last events, answers
 * @call (NULL: nobody) by @answer, and lets server_run() return.
 */
struct ttrpc_call;
void server_end(struct shim *shim, void (*answer)(struct ttrpc_call *call),
		struct ttrpc_call *call);

#endif
