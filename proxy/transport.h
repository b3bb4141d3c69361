/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a session's two sides reach each other: its messages, the memory that they
 * share, and how one wakes the other. See wire.h for the rules.
 */
#ifndef KBM_PROXY_TRANSPORT_H
#define KBM_PROXY_TRANSPORT_H

#include <stdint.h>

#include "wire.h"

struct events;
struct transport;
struct ring;

/* Rings for threads of a VMM that are no vCPU's. */
#define TRANSPORT_OTHER_RINGS	4u

/**
 * struct piece - shared memory that the client made
 * @fd:		unix: its memfd; else -1.
 * @offset:	kbm: from KBM_SESSION_DATA.
 */
struct piece {
	int fd;
	uint64_t offset;
	uint64_t bytes;
};

/**
 * struct transport_ops
 * @send, @receive: one message. @receive waits. @fds as of message.h; those sent
 *		stay the caller's. -EIO: the other side is gone. -EPROTO: it
 *		does not keep to the rules. -EOPNOTSUPP: it cannot carry @fds.
 * @wake:	wakes the other side of a ring.
 * @make:	client: a piece for @ret_piece.
 * @unmake:	client: its release; the twin does not use it any more.
 * @map:	client: mmap() of a part of a piece. The address or MAP_FAILED.
 * @take:	twin: finds the memory of a message; released with @drop.
 * @done:	releases the transport itself.
 */
struct transport_ops {
	const char *name;
	int (*send)(struct transport *transport, const struct kbm_message *message,
		    const int *fds, unsigned int nr);
	int (*receive)(struct transport *transport, struct kbm_message *ret_message, int *ret_fds);
	void (*wake)(struct transport *transport, const struct ring *ring);
	int (*make)(struct transport *transport, uint64_t bytes, struct piece *ret_piece);
	void (*unmake)(struct transport *transport, const struct piece *piece);
	void *(*map)(struct transport *transport, const struct piece *piece, void *address,
		     uint64_t bytes, int protection, int flags, uint64_t offset);
	int (*take)(struct transport *transport, const struct kbm_message *message, int fd,
		    void **ret_memory);
	void (*drop)(struct transport *transport, void *memory, uint64_t bytes);
	/* Client: a new ring sleeps and is woken from now on, and no more. */
	int (*add_ring)(struct transport *transport, const struct ring *ring);
	void (*remove_ring)(struct transport *transport, const struct ring *ring);
	void (*done)(struct transport *transport);
};

/**
 * struct transport - base of each
 * @arena:	largest of a ring, in bytes.
 * @vcpus:	most vCPUs that have room for their rings and run pages.
 * @end_fd:	poll() says POLLHUP or POLLRDHUP when the other side is gone.
 * @local_fd:	client: file for doorbells and lent memory, or -1.
 * @events:	kbm: eventfds that stand for those of the other side; else NULL.
 */
struct transport {
	const struct transport_ops *ops;
	uint32_t arena;
	uint32_t vcpus;
	int end_fd;
	int local_fd;
	struct events *events;
};

/* Client: the socket of kbm-proxyd, or /dev/kata-bm of a control BM. */
int transport_unix_connect(const char *path, struct transport **ret_transport);
int transport_kbm_connect(const char *device, struct transport **ret_transport);

#endif
