/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest under QEMU with its two ports, and a client of the agent's protocol. */
#ifndef KBM_TEST_AGENT_GUEST_H
#define KBM_TEST_AGENT_GUEST_H

#include <ev.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "stream/stream.h"
#include "ttrpc/ttrpc.h"

struct guest {
	struct ev_loop *loop;
	struct ttrpc_client *client;
	struct stream_port *port;
	struct stream_mux *mux;
	pid_t pid; /* QEMU's */
	bool has_hung_up;
	unsigned int vcpus, mebibytes; /* its size; the caller's */
	char directory[64]; /* shared by 9p, tag "share" */
	char console[96]; /* file */
};

/* Says what is missing, if something is. */
bool guest_is_possible(void);

/*
 * Boots the kernel and the image of build/. disk: a file, its serial is "disk0";
 * NULL for none. Returns false, after a word, when it does not answer.
 */
bool guest_boot(struct guest *guest, const char *disk);

/* Runs the loop until *flag, at most so many seconds. Returns *flag. */
bool guest_run(struct guest *guest, const bool *flag, double seconds);

/*
 * Makes a call and waits for its answer; free it with
 * protobuf_c_message_free_unpacked(). Not with TTRPC_OK: NULL, *ret_code and the
 * words in guest_error.
 */
ProtobufCMessage *guest_call(struct guest *guest, const char *method,
			     const void *request, enum ttrpc_code *ret_code);
extern char guest_error[1024];

/* The limit of calls from now on; 0: the usual one. */
void guest_limit_calls(double seconds);

/* Waits for QEMU's end; kills it after so many seconds. Returns its wait status. */
int guest_end(struct guest *guest, double seconds);

#endif
