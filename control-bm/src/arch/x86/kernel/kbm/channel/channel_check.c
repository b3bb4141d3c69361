// SPDX-License-Identifier: GPL-2.0
/* Is what the host wrote at the start of the channel one to work with? */

#include "channel_check.h"

#define PAGE_BYTES	4096ULL

/* Written so that no sum and no product can wrap. */
static int sessions_ok(const struct kbm_geometry *geometry)
{
	if (!geometry->nr_sessions || geometry->nr_sessions > KBM_CHANNEL_SESSIONS)
		return 0;
	if (geometry->session_bytes % PAGE_BYTES || geometry->first_session % PAGE_BYTES)
		return 0;
	if (geometry->session_bytes <= KBM_SESSION_DATA)
		return 0;
	if (geometry->first_session < sizeof(struct kbm_channel) ||
	    geometry->first_session > geometry->bytes)
		return 0;
	return geometry->nr_sessions <=
	       (geometry->bytes - geometry->first_session) / geometry->session_bytes;
}

/**
 * kbm_geometry_check() - may we use this channel?
 * @geometry:	a private copy.
 * @bytes:	size of the channel as the info page has it.
 *
 * Return: 0, or what is wrong.
 */
const char *kbm_geometry_check(const struct kbm_geometry *geometry, __u64 bytes)
{
	if (geometry->magic != KBM_CHANNEL_MAGIC)
		return "the host has not set it up";
	if (geometry->version != KBM_CHANNEL_VERSION)
		return "its version is another one";
	if (geometry->bytes != bytes)
		return "its size is not what the info page says";
	if (!sessions_ok(geometry))
		return "its sessions do not fit into it";
	return (const char *)0;
}
