/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kata BM: what crosses between a VMM and its twin.
 *
 * A session is one SOCK_SEQPACKET connection. The connection carries what is
 * rare or carries descriptors (struct kbm_message); calls cross by rings.
 *
 * Ring memory, one for each calling thread (a sealed memfd):
 *
 *   0                          struct kbm_ring
 *   KBM_RING_SQ                KBM_RING_ENTRIES submission entries
 *   KBM_RING_CQ                KBM_RING_ENTRIES completion entries
 *   KBM_RING_ARENA             KBM_ARENA_SIZE bytes of payload
 *
 * Ordering:
 *  - A producer fills the entry (and the arena), then stores the tail with
 *    release; the consumer loads the tail with acquire before it reads the
 *    entry. So an entry is seen whole or not at all.
 *  - A consumer that is about to sleep sets its *_sleeps word, executes a full
 *    fence, looks at the tail again and only then waits for its eventfd. The
 *    producer stores the tail, executes a full fence and then looks at that
 *    word; it writes the eventfd only if the word is set. A full fence on both
 *    sides because each stores one word and then loads the other's: with less
 *    both may see the old value, and the wakeup is lost.
 *  - Each index counts without bound, modulo 2^32; entry = index modulo size.
 *    Each side keeps its own indices in private memory: what is in the shared
 *    memory is for the other side, and is checked when it is read.
 *  - A side copies an entry or payload once, and then checks the copy. The
 *    other side may rewrite it at any time: that harms its own call only.
 *
 * Versioning: hello carries a range of versions; the twin answers with the one
 * that is used, or -EPROTONOSUPPORT. Features are bits: the client offers, the
 * twin answers with those that both know. Reserved fields are 0, else -EINVAL.
 *
 * Names: a client names the twin's things by handles, which are of its session.
 * Paths, descriptors, pids and addresses of the host do not cross: a pointer in
 * a payload is sent as it is but never used, memory is (handle, offset).
 */
#ifndef KBM_PROXY_WIRE_H
#define KBM_PROXY_WIRE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define KBM_WIRE_MAGIC		0x424d4b57u	/* "WKMB" */
#define KBM_WIRE_VERSION	1u
#define KBM_WIRE_FEATURES	0u		/* none yet */

/* Limits of a session. */
#define KBM_RING_ENTRIES	8u
#define KBM_MAX_RINGS		1024u
#define KBM_MAX_HANDLES		4096u
#define KBM_MAX_FDS		3u		/* in one message */
#define KBM_ARENA_SIZE		(1u << 20)	/* dirty log of 32 GiB */

#define KBM_RING_SQ		4096u
#define KBM_RING_CQ		8192u
#define KBM_RING_ARENA		12288u
#define KBM_RING_SIZE		(KBM_RING_ARENA + KBM_ARENA_SIZE)

enum kbm_op {
	KBM_OP_OPEN = 1,	/* request: one of enum kbm_open */
	KBM_OP_CLOSE,		/* handle */
	KBM_OP_IOCTL,		/* handle, request, value or payload */
	KBM_OP_LEAVE,		/* the last call of a ring */
	_KBM_OP_MAX,
};

enum kbm_open {
	KBM_OPEN_KVM = 1,	/* /dev/kvm */
};

/**
 * struct kbm_sqe - a call
 * @op:		enum kbm_op.
 * @handle:	what the call is made on.
 * @request:	number of the ioctl, or what to open.
 * @value:	argument of an ioctl that takes a plain number.
 * @offset:	payload's place in the arena, a multiple of 8.
 * @length:	its bytes; exactly what the row of the ioctl wants.
 * @memory:	handle of the memory that an address field means; the field
 *		itself is then the offset in it.
 * @sequence:	comes back in the completion; also names the call in CANCEL.
 */
struct kbm_sqe {
	uint32_t op;
	uint32_t handle;
	uint64_t request;
	uint64_t value;
	uint32_t offset;
	uint32_t length;
	uint32_t memory;
	uint32_t reserved;
	uint64_t sequence;
	uint64_t reserved2[2];
};

/**
 * struct kbm_cqe - the end of a call
 * @sequence:	of the call.
 * @result:	what the call returned: a handle where the ioctl gives a
 *		descriptor; negative errno. The answer's payload is where the
 *		call's was, with the same length.
 */
struct kbm_cqe {
	uint64_t sequence;
	int64_t result;
	uint64_t reserved[2];
};

static_assert(sizeof(struct kbm_sqe) == 64, "layout");
static_assert(sizeof(struct kbm_cqe) == 32, "layout");
static_assert(KBM_RING_ENTRIES * sizeof(struct kbm_sqe) <= KBM_RING_CQ - KBM_RING_SQ, "size");
static_assert(KBM_RING_ENTRIES * sizeof(struct kbm_cqe) <= KBM_RING_ARENA - KBM_RING_CQ, "size");

/* Each word on a cache line of its own: one side writes it, the other polls. */
struct kbm_ring {
	_Alignas(64) _Atomic uint32_t sq_tail;		/* client */
	_Alignas(64) _Atomic uint32_t twin_sleeps;	/* twin */
	_Alignas(64) _Atomic uint32_t cq_tail;		/* twin */
	_Alignas(64) _Atomic uint32_t client_sleeps;	/* client */
	_Alignas(64) _Atomic uint32_t cq_head;		/* client */
};

enum kbm_message_type {
	KBM_MESSAGE_HELLO = 1,		/* magic, versions, features */
	KBM_MESSAGE_ADD_RING,		/* fds: memory, twin's and client's eventfd */
	KBM_MESSAGE_ADD_MEMORY,		/* size; fds: a sealed memfd */
	KBM_MESSAGE_REMOVE_MEMORY,	/* handle */
	KBM_MESSAGE_ADD_EVENTFD,	/* fds: an eventfd */
	KBM_MESSAGE_GET_FD,		/* handle of a vCPU (for its run page) or
					 * of statistics; answer: fds */
	KBM_MESSAGE_CANCEL,		/* handle: ring, sequence; no answer. Makes
					 * that KVM_RUN return -EINTR */
	_KBM_MESSAGE_MAX,
};

/**
 * struct kbm_message - on the connection, both ways
 * @type:	enum kbm_message_type; the answer has the same.
 * @result:	answer: 0, a handle, or negative errno. Request: 0.
 */
struct kbm_message {
	uint32_t type;
	int32_t result;
	uint32_t handle;
	uint32_t magic;
	uint32_t version;	/* highest; answer: the one used */
	uint32_t version_min;
	uint64_t features;
	uint64_t size;
	uint64_t sequence;
	uint64_t reserved[2];
};

static_assert(sizeof(struct kbm_message) == 64, "layout");

#endif
