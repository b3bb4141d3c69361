/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of a sandbox: VM, network, agent and streams, from boot to end.
 *
 *	guest_start()  -> ready(NULL), later ended();  or ready(why) alone
 *	guest_stop()   -> stopped()
 *	guest_free()
 *
 * Callbacks come from the loop, never from within a call.
 */
#ifndef KBM_SHIM_GUEST_H
#define KBM_SHIM_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent.h"

struct config;
struct guest;
struct problem;
struct rootfs_disk;
struct stream_mux;

struct guest_options {
	struct ev_loop *loop;
	const char *id;
	/* A folder of this sandbox alone; the shared one is in it. */
	const char *state_dir;
	const char *shared;
	/* Sized; must outlive the guest. */
	const struct config *config;
	/* Network namespace; NULL: none. */
	const char *netns;
	const char *hostname;
	bool sandbox_pidns;
	const struct rootfs_disk *disks;
	size_t nr_disks;
};

struct guest_callbacks {
	/*
	 * NULL: containers may come. Else it did not come up, nothing of it is
	 * left, and guest_free() is allowed.
	 */
	void (*ready)(const struct failure *failure, void *context);
	/* It was ready, and is gone without being asked: @why. */
	void (*ended)(const char *why, void *context);
	/* The kernel killed a process of that container, for memory. */
	void (*oom)(const char *container, void *context);
};

/*
 * Strings and @options are needed during the call only, but for config. On an
 * error (as network_open(), vm_start()) nothing is left, and nothing is called.
 */
int guest_start(const struct guest_options *options, const struct guest_callbacks *callbacks,
		void *context, struct guest **ret_guest, struct problem *problem);

/* As agent_call(); before ready() and after the end, too: then it fails. */
struct agent_call *guest_call(struct guest *guest, const char *phase, const char *method,
			      const ProtobufCMessage *request, double seconds, agent_done *done,
			      void *context);

/* NULL when there is no connection (any more). */
struct stream_mux *guest_mux(struct guest *guest);

/* Each number is used once. */
uint32_t *guest_next_stream(struct guest *guest);

/* QEMU's, also after its end: containerd wants one as long as there is a task. */
pid_t guest_pid(const struct guest *guest);

/*
 * Ends it: asks the agent if it is ready, else at once; @why for calls under way
 * and for ready(). @stopped is called once the VM is gone. Once only, and no
 * guest_free() before that.
 */
void guest_stop(struct guest *guest, const char *why, void (*stopped)(void *context),
		void *context);

/* Calls under way get no @done. Kills what is left, and waits for it. NULL is fine. */
struct guest *guest_free(struct guest *guest);

#endif
