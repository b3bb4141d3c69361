/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kata BM: what crosses between a VMM and its twin.
 *
 * A session has a connection and rings. The connection carries what is rare or
 * carries descriptors (struct kbm_message); calls cross by rings. There are two
 * transports:
 *
 *   unix  two processes of one Linux. The connection is a SOCK_SEQPACKET
 *	   socket; shared memory is a sealed memfd that a message carries; a
 *	   sleeper is woken by an eventfd that a message carried.
 *   kbm   two partitions. All is in the session's memory (kbm_channel.h), from
 *	   KBM_SESSION_DATA on: struct kbm_link, then what the client allots.
 *	   Messages name shared memory by its offset from KBM_SESSION_DATA, and
 *	   cannot carry descriptors. One doorbell in each direction wakes.
 *
 * Ring memory, one for each calling thread:
 *
 *   0                          struct kbm_ring
 *   KBM_RING_SQ                KBM_RING_ENTRIES submission entries
 *   KBM_RING_CQ                KBM_RING_ENTRIES completion entries
 *   KBM_RING_ARENA             payload; its size is agreed on in hello
 *
 * Ordering:
 *  - Each side counts entries without bound, modulo 2^32, in private memory;
 *    place = count modulo KBM_RING_ENTRIES. The producer of entry n fills it
 *    (and the arena), then stores n + 1 in its @turn with release; the consumer
 *    loads @turn with acquire. So an entry is seen whole or not at all, and the
 *    one cache line that the consumer waits for is the entry. Until then @turn
 *    has what the entry before it in that place left; all else is damage.
 *  - A consumer that is about to sleep sets its *_sleeps word, executes a full
 *    fence, looks at @turn again and only then sleeps. The producer stores
 *    @turn, executes a full fence and then looks at that word; it wakes the
 *    other only if the word is set. A full fence on both sides because each
 *    stores one word and then loads the other's: with less both may see the old
 *    value, and the wakeup is lost.
 *  - kbm: who wakes sets the ring's bit in the other's bitmap, then rings its
 *    doorbell (kbm_guest.h). Who is woken clears bits before it looks at rings.
 *  - A side copies an entry or payload once, and then checks the copy. The
 *    other side may rewrite it at any time: that harms its own call only.
 *
 * The run page of a vCPU is not mapped by the client. It has a copy of its own
 * (ADD_RUN), as many pages as KVM_GET_VCPU_MMAP_SIZE says. KVM_RUN takes from it
 * what KVM reads and the data of port and coalesced accesses, and puts there
 * what KVM wrote: but never in the two bytes that only the client writes,
 * request_interrupt_window and immediate_exit. Coalesced accesses of all vCPUs
 * of a VM come in the ring of the VM's first one.
 *
 * The same holds for a vCPU's ring of dirtied pages (ADD_DIRTY). Entries come to
 * the copy, in order, with the end of KVM_RUN and of KVM_RESET_DIRTY_RINGS; what
 * the copy says is done with KVM learns at the begin of the latter.
 *
 * Eventfds cross by themselves over unix. Over kbm an event is a number, which each
 * side has an eventfd for: who sees its own one signalled reads it, sets the
 * event's bit and rings the other's doorbell; who is woken clears the bit and
 * signals its own. So how often it was signalled does not cross, only that it was.
 * Where an event ends, a signal under way is not lost: REMOVE_EVENT tells of it.
 *
 * Versioning: hello carries a range of versions; the twin answers with the one
 * that is used, or -EPROTONOSUPPORT. Features are bits: the client offers, the
 * twin answers with those that both know. Reserved fields are 0, else -EINVAL.
 *
 * Names: a client names the twin's things by handles, which are of its session.
 * Paths, descriptors, pids and addresses of the host do not cross: a pointer in
 * a payload is sent as it is but never used, memory is (handle, offset). Where
 * the handle is of a lease the offset is the physical address, and must be in
 * what was lent by it.
 */
#ifndef KBM_PROXY_WIRE_H
#define KBM_PROXY_WIRE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define KBM_WIRE_MAGIC		0x424d4b57u	/* "WKMB" */
#define KBM_WIRE_VERSION	1u
#define KBM_FEATURE_DIRTY_RING	1u		/* ADD_DIRTY */
#define KBM_FEATURE_EVENTS	2u		/* ADD_EVENT, REMOVE_EVENT */
#define KBM_WIRE_FEATURES	(KBM_FEATURE_DIRTY_RING | KBM_FEATURE_EVENTS)

/* Limits of a session. */
#define KBM_RING_ENTRIES	8u
#define KBM_MAX_RINGS		1024u
#define KBM_MAX_EVENTS		256u
#define KBM_MAX_HANDLES		4096u
#define KBM_MAX_FDS		3u		/* in one message */
#define KBM_ARENA_SIZE		(1u << 20)	/* most: dirty log of 32 GiB */
#define KBM_ARENA_MIN		(1u << 14)
#define KBM_MAX_RUN_BYTES	(1u << 16)
#define KBM_MAX_NAME		63u

#define KBM_RING_SQ		1024u
#define KBM_RING_CQ		2048u
#define KBM_RING_ARENA		4096u
#define KBM_RING_SIZE		(KBM_RING_ARENA + KBM_ARENA_SIZE)

enum kbm_op {
	KBM_OP_OPEN = 1,	/* request: one of enum kbm_open */
	KBM_OP_CLOSE,		/* handle */
	KBM_OP_IOCTL,		/* handle, request, value or payload */
	KBM_OP_LEAVE,		/* the last call of a ring */
	KBM_OP_READ,		/* handle of statistics, value: where, length:
				 * at most; result: bytes in the arena */
	KBM_OP_ERROR,		/* handle of a lease, length: at most; result:
				 * bytes of the reason in the arena */
	KBM_OP_NAME,		/* length bytes of a name of the session */
	_KBM_OP_MAX,
};

enum kbm_open {
	KBM_OPEN_KVM = 1,	/* /dev/kvm */
	KBM_OPEN_LEASE,		/* /dev/kata-bm; once a session */
};

/* Who signals an event's eventfd. */
enum kbm_event {
	KBM_EVENT_TO_TWIN = 1,	/* the client; KVM waits for it (irqfd) */
	KBM_EVENT_TO_CLIENT,	/* KVM (ioeventfd); the client waits */
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
 * @turn:	see above; written last.
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
	uint64_t reserved2;
	uint32_t reserved3;
	uint32_t turn;
};

/**
 * struct kbm_cqe - the end of a call
 * @sequence:	of the call.
 * @result:	what the call returned: a handle where the ioctl gives a
 *		descriptor; negative errno. The answer's payload is where the
 *		call's was, with the same length.
 * @turn:	see above; written last.
 */
struct kbm_cqe {
	uint64_t sequence;
	int64_t result;
	uint64_t reserved[5];
	uint32_t reserved2;
	uint32_t turn;
};

static_assert(sizeof(struct kbm_sqe) == 64, "layout");
static_assert(sizeof(struct kbm_cqe) == 64, "layout");
static_assert(KBM_RING_ENTRIES * sizeof(struct kbm_sqe) <= KBM_RING_CQ - KBM_RING_SQ, "size");
static_assert(KBM_RING_ENTRIES * sizeof(struct kbm_cqe) <= KBM_RING_ARENA - KBM_RING_CQ, "size");

/* Each word on a cache line of its own: one side writes it, the other looks. */
struct kbm_ring {
	_Alignas(64) _Atomic uint32_t twin_sleeps;	/* twin */
	_Alignas(64) _Atomic uint32_t client_sleeps;	/* client */
};

enum kbm_message_type {
	KBM_MESSAGE_HELLO = 1,		/* magic, versions, features, size: bytes
					 * of an arena; answer: those used */
	KBM_MESSAGE_ADD_RING,		/* size: of its memory; fds: memory,
					 * twin's and client's eventfd; kbm: offset */
	KBM_MESSAGE_ADD_MEMORY,		/* size, offset in the file; fds: a regular
					 * file, best a sealed memfd. Not kbm */
	KBM_MESSAGE_REMOVE_MEMORY,	/* handle */
	KBM_MESSAGE_ADD_EVENTFD,	/* fds: an eventfd. Not kbm */
	KBM_MESSAGE_GET_FD,		/* handle of statistics, the lease, guest_memfd;
					 * answer: fds. Not kbm */
	KBM_MESSAGE_CANCEL,		/* handle: ring, sequence; no answer. Makes
					 * that KVM_RUN return -EINTR */
	KBM_MESSAGE_ADD_RUN,		/* handle of a vCPU; size; fds: memory for
					 * the copy of its run page; kbm: offset.
					 * -EEXIST: it has one */
	KBM_MESSAGE_ADD_DIRTY,		/* the same for its ring of dirtied pages, not
					 * kbm; -ENODEV: it has no ring */
	KBM_MESSAGE_ADD_EVENT,		/* kbm. handle: number of an event, size: one of
					 * enum kbm_event. Answer: handle of an
					 * eventfd of the twin's own */
	KBM_MESSAGE_REMOVE_EVENT,	/* kbm. handle: the number. Answer: 1 if it was
					 * signalled and nobody has seen that */
	_KBM_MESSAGE_MAX,
};

/**
 * struct kbm_message - on the connection, both ways
 * @type:	enum kbm_message_type; the answer has the same.
 * @result:	answer: 0, a handle, or negative errno. Request: 0.
 * @offset:	kbm: shared memory's place, a multiple of 4096.
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
	uint64_t offset;
	uint64_t reserved;
};

static_assert(sizeof(struct kbm_message) == 64, "layout");

#define KBM_LINK_MESSAGES	16u
#define KBM_LINK_BITS		(KBM_MAX_RINGS / 64)
#define KBM_LINK_EVENT_BITS	(KBM_MAX_EVENTS / 64)

/* Messages in one direction. Both count without bound; place = count modulo
 * KBM_LINK_MESSAGES. */
struct kbm_message_queue {
	_Alignas(64) _Atomic uint32_t tail;		/* who sends */
	_Alignas(64) _Atomic uint32_t head;		/* who receives */
	_Alignas(64) struct kbm_message messages[KBM_LINK_MESSAGES];
};

/**
 * struct kbm_link - kbm: the connection of a session, at KBM_SESSION_DATA
 * @to_twin:	requests.
 * @to_client:	answers.
 * @twin_bits:	rings whose twin is to be woken: set by the client, cleared by
 *		the twin.
 * @client_bits: rings whose client is to be woken: the other way round.
 * @twin_events: events that were signalled on the client's side, likewise.
 * @client_events: on the twin's.
 */
struct kbm_link {
	struct kbm_message_queue to_twin;
	struct kbm_message_queue to_client;
	_Alignas(64) _Atomic uint64_t twin_bits[KBM_LINK_BITS];
	_Alignas(64) _Atomic uint64_t client_bits[KBM_LINK_BITS];
	_Alignas(64) _Atomic uint64_t twin_events[KBM_LINK_EVENT_BITS];
	_Alignas(64) _Atomic uint64_t client_events[KBM_LINK_EVENT_BITS];
};

#define KBM_LINK_SIZE		4096u

static_assert(sizeof(struct kbm_link) <= KBM_LINK_SIZE, "size");

#endif
