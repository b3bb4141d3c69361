/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_CHANNEL_CHECK_H
#define _KBM_CHANNEL_CHECK_H

/* Free of kernel headers, so that a unit test can link it. */

#include <asm/kbm_channel.h>

/**
 * struct kbm_geometry - what the host wrote at the channel's start: a copy
 * @magic:		KBM_CHANNEL_MAGIC.
 * @version:		KBM_CHANNEL_VERSION.
 * @bytes:		size of the channel.
 * @nr_sessions:	1 to KBM_CHANNEL_SESSIONS.
 * @session_bytes:	of each.
 * @first_session:	offset of session 0 in the channel.
 */
struct kbm_geometry {
	__u32 magic;
	__u32 version;
	__u64 bytes;
	__u32 nr_sessions;
	__u64 session_bytes;
	__u64 first_session;
};

const char *kbm_geometry_check(const struct kbm_geometry *geometry, __u64 bytes);

#endif /* _KBM_CHANNEL_CHECK_H */
