/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session as a test has it: calls as they are on the wire. Errors end the program. */
#ifndef KBM_TEST_SESSION_H
#define KBM_TEST_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "ring.h"
#include "wire.h"

struct session {
	int socket;
	struct transport *transport;
	struct ring ring;
	uint64_t sequence;
};

/* A socket connected to the kbm-proxyd at @path. */
int session_connect(const char *path);
/* Says hello at @socket, and adds a ring. */
void session_begin(struct session *session, int socket);

/* The answer's result; its descriptors are closed. -EIO: the other side is gone. */
int session_ask(struct session *session, struct kbm_message *message, const int *fds,
		unsigned int nr);
void session_submit(struct session *session, struct kbm_sqe sqe);
/* Waits for the answer, whatever its sequence is. */
int64_t session_call(struct session *session, struct kbm_sqe sqe);
/* @payload goes to the begin of the arena; the answer is there, too. */
int64_t session_ioctl(struct session *session, int64_t handle, uint64_t request,
		      const void *payload, uint32_t bytes, int64_t memory);
int64_t session_open_kvm(struct session *session);

/* A memfd that cannot shrink. */
int sealed_memory(size_t bytes, void **ret_memory);

#endif
