/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Kata BM: the channel, memory that the host and the control BM share.
 *
 * It is a piece of lent memory that kbm-proxyd holds a lease on, and that the
 * control BM reaches by its grant. One control BM uses it at a time. Layout:
 *
 *   0                                     struct kbm_channel
 *   first_session + i * session_bytes     memory of session i:
 *     + 0                                 struct kbm_session_client
 *     + KBM_SESSION_HOST                  struct kbm_session_host
 *     + KBM_SESSION_DATA                  for client and twin (proxy/wire.h)
 *
 * Each cache line, and each page of a session's first two, has one writer; the
 * reader copies once and checks the copy. All structures are little endian and
 * naturally aligned; reserved fields are zero.
 *
 * A session begins and ends by its sequence numbers, which wrap:
 *  - Free: client.sequence is even and equals host.done.
 *  - The control BM's driver takes a free session: it makes client.sequence
 *    odd (release), and rings host_doorbell.
 *  - The host sees that it is odd, and gives the session a twin; then
 *    host.state is KBM_SESSION_SERVED.
 *  - When the last user of the session in the control BM is gone (its file and
 *    each mapping of it, so nobody reaches the session's memory any more), the
 *    driver makes client.sequence even and rings. The host ends the twin, gives
 *    back what the session had lent, wipes its pages, and sets host.done to
 *    client.sequence (release).
 *  - A twin that ends earlier leaves KBM_SESSION_ENDED, and what it had lent
 *    stays lent until the driver has made client.sequence even.
 *
 * A control BM that has died leaves its sessions odd: their guests go on. The
 * next one's driver counts @generation up, and may end such a session by making
 * its sequence even.
 */
#ifndef _UAPI_ASM_X86_KBM_CHANNEL_H
#define _UAPI_ASM_X86_KBM_CHANNEL_H

#include <linux/types.h>

#define KBM_CHANNEL_MAGIC	0x6c6e6863U	/* "chnl" */
#define KBM_CHANNEL_VERSION	1
#define KBM_CHANNEL_SESSIONS	512		/* most */

/* What a word of the control BM's side says of a session. */
struct kbm_channel_client {
	__u32 sequence;
	__u32 reserved[15];
};

/* What the host says of it. */
struct kbm_channel_host {
	__u32 done;
	__u32 state;		/* KBM_SESSION_* */
	__u32 reserved[14];
};

#define KBM_SESSION_IDLE	0
#define KBM_SESSION_SERVED	1	/* it has a twin */
#define KBM_SESSION_ENDED	2	/* the twin has ended before the client */

/**
 * struct kbm_channel - the first pages of the channel
 * @magic:		KBM_CHANNEL_MAGIC; host, written last.
 * @version:		KBM_CHANNEL_VERSION; host.
 * @bytes:		size of the channel; host.
 * @nr_sessions:	at most KBM_CHANNEL_SESSIONS; host.
 * @session_bytes:	size of each, a multiple of 4096; host.
 * @first_session:	offset of session 0, a multiple of 4096; host.
 * @host_doorbell:	doorbell word (kbm_guest.h); host. Rung when a sequence
 *			has changed.
 * @generation:		counts the control BM's boots; control BM.
 * @client_doorbell:	doorbell word of the control BM's driver: rung when the
 *			host has changed @host of a session; control BM.
 */
struct kbm_channel {
	__u32 magic;
	__u32 version;
	__u64 bytes;
	__u32 nr_sessions;
	__u32 reserved0;
	__u64 session_bytes;
	__u64 first_session;
	__u64 host_doorbell;
	__u64 reserved1[2];
	__u64 generation;
	__u64 client_doorbell;
	__u64 reserved2[6];
	struct kbm_channel_client client[KBM_CHANNEL_SESSIONS];
	struct kbm_channel_host host[KBM_CHANNEL_SESSIONS];
};

#define KBM_SESSION_HOST	4096
#define KBM_SESSION_DATA	8192

#define KBM_SESSION_WORDS	500

/**
 * struct kbm_session_client - a session's page of the control BM
 * @doorbell:	doorbell word: wakes the client. Published by the driver.
 * @nr_words:	entries of @words.
 * @words:	addresses of the doorbell words in the guest's memory that the
 *		control BM has published for this session, 0 for an entry that
 *		is free again. When the control BM dies the host clears these
 *		words, each only if it lies in memory of that session's lease:
 *		the CPUs that they name may soon be another's.
 */
struct kbm_session_client {
	__u64 doorbell;
	__u32 nr_words;
	__u32 reserved0;
	__u64 reserved1[6];
	__u64 words[KBM_SESSION_WORDS];
	__u64 reserved2[4];
};

#define KBM_SESSION_EXTENTS	64
#define KBM_SESSION_CPUS	512
#define KBM_SESSION_NAME	64

struct kbm_session_extent {
	__u64 start;
	__u64 bytes;
};

/**
 * struct kbm_session_host - a session's page of the host
 * @doorbell:	doorbell word: wakes the twin. Published by the host's kernel.
 * @nr_extents:	entries of @extents: memory lent to the session. The driver
 *		lets the client map these, and nothing else that was granted.
 * @nr_cpus:	entries of @apic_ids: CPUs lent to the session.
 * @name:	as the client has called it, ended by a zero byte; may be empty.
 */
struct kbm_session_host {
	__u64 doorbell;
	__u32 nr_extents;
	__u32 nr_cpus;
	__u64 reserved0[6];
	char name[KBM_SESSION_NAME];
	struct kbm_session_extent extents[KBM_SESSION_EXTENTS];
	__u32 apic_ids[KBM_SESSION_CPUS];
	__u64 reserved1[112];
};

#endif /* _UAPI_ASM_X86_KBM_CHANNEL_H */
