/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event by containerd's own command, publish: one child, watched by the loop. */
#ifndef SHIM_EVENTS_COMMAND_H
#define SHIM_EVENTS_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include <ev.h>

#include "google/protobuf/any.pb-c.h"

/* Zeroed with init, before anything else. */
struct command {
	struct ev_loop *loop;
	pid_t pid;	/* 0: none */
	int pidfd;
	bool is_late;
	struct ev_io ended;
	struct ev_timer timer;
	void (*done)(int error, void *context);
	void *context;
};

/* @done is called with 0, -ETIMEDOUT, -EIO (it failed), or another negative errno. */
void command_init(struct command *command, struct ev_loop *loop,
		  void (*done)(int error, void *context), void *context);

/*
 * Runs @binary --address @address publish --topic @topic --namespace @namespace with
 * @event on its stdin, for @seconds at most. 0: @done will be called, and not before
 * this returns; or a negative errno.
 */
int command_start(struct command *command, const char *binary, const char *address,
		  const char *topic, const char *namespace, const Google__Protobuf__Any *event,
		  double seconds);

/* Kills and reaps it; @done is not called. */
void command_stop(struct command *command);

#endif
