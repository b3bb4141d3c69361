/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two ends of this test say to each other in a session's memory. */
#ifndef KBM_TEST_CHANNEL_PROTOCOL_H
#define KBM_TEST_CHANNEL_PROTOCOL_H

#include <stdint.h>

#include <asm/kbm_channel.h>
#include <asm/kbm_guest.h>

#define CHANNEL_BYTES	(16ULL << 20)
#define SESSION_BYTES	(2ULL << 20)
#define NR_SESSIONS	4
/* From this size on an extent has large pages of both kinds. */
#define LARGE_BYTES	(1ULL << 30)
#define SMALL_BYTES	(2ULL << 20)
#define SESSION_NAME	"channel test"

/* At KBM_SESSION_DATA; a cache line for each writer. */
struct exchange {
	uint32_t ping;		/* client */
	uint32_t reserved0[15];
	uint32_t pong;		/* host: repeats ping */
	uint32_t reserved1[15];
};

/* Ring a doorbell word until what was sent is what it says. */
static inline int ring(const __u64 *word, int (*send)(int fd, uint64_t value), int fd)
{
	uint64_t sent, now = __atomic_load_n(word, __ATOMIC_SEQ_CST);

	do {
		int r;

		if (!(now & KBM_DOORBELL_VALID))
			return 0;
		r = send(fd, now);
		sent = now;
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		now = __atomic_load_n(word, __ATOMIC_SEQ_CST);
		/* One that has just moved may be refused. */
		if (r && now == sent)
			return r;
	} while (now != sent);
	return 0;
}

#endif
