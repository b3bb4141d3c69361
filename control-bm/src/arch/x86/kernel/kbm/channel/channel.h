/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KBM_CHANNEL_DRIVER_H
#define _KBM_CHANNEL_DRIVER_H

/* Between the files of this folder; kbm_channel.h has the rules. */

#include <linux/list.h>
#include <linux/memremap.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <asm/kbm.h>
#include <asm/kbm_channel.h>
#include <asm/kbm_platform.h>

#include "channel_check.h"
#include "doorbell.h"
#include "error.h"

#define KBM_EXTENT_ALIGN	SZ_2M
#define KBM_MEMORY_PIECES	3

/**
 * struct kbm_memory - granted memory that has struct pages
 * @list:	of its session.
 * @all:	in the list of all of them.
 * @start:	physical address; in the direct map while this exists.
 * @bytes:	size.
 * @maps:	its pieces, each with the largest compound pages that fit.
 * @nr_maps:	entries of @maps.
 */
struct kbm_memory {
	struct list_head list;
	struct list_head all;
	u64 start;
	u64 bytes;
	struct dev_pagemap maps[KBM_MEMORY_PIECES];
	unsigned int nr_maps;
};

/**
 * struct kbm_session - a session that a file of ours has, or is ending
 * @index:	its number.
 * @sequence:	what client.sequence is: odd.
 * @start:	physical address of its memory.
 * @bytes:	size of it.
 * @client:	its first page; written by us alone.
 * @host:	its second page; the host may change it at any time.
 * @lock:	guards the words in @client, and @memories.
 * @memories:	struct kbm_memory of extents that were mapped.
 * @doorbells:	of its file.
 * @error:	of its file.
 * @end:	ends the session, again and again until no page of it is in use.
 * @attempts:	how often it has tried.
 */
struct kbm_session {
	u32 index;
	u32 sequence;
	u64 start;
	u64 bytes;
	struct kbm_session_client *client;
	const struct kbm_session_host *host;
	struct mutex lock;
	struct list_head memories;
	struct kbm_doorbells doorbells;
	struct kbm_error *error;
	struct delayed_work end;
	unsigned int attempts;
};

/**
 * struct kbm_channel_state - the channel of this control BM
 * @shared:	its first pages; NULL if this guest has no channel.
 * @start:	physical address.
 * @bytes:	size.
 * @lock:	guards all below.
 * @ready:	@geometry is valid, and the host knows of us.
 * @geometry:	where the sessions are.
 * @sessions:	those in use by this kernel, by number.
 * @changed:	the host has said that it changed a session's state.
 */
struct kbm_channel_state {
	struct kbm_channel *shared;
	u64 start;
	u64 bytes;
	struct mutex lock;
	bool ready;
	struct kbm_geometry geometry;
	struct kbm_session *sessions[KBM_CHANNEL_SESSIONS];
	wait_queue_head_t changed;
};

/* channel.c */
extern struct kbm_channel_state kbm_channel;
int kbm_channel_ready(struct kbm_error *error);
void kbm_channel_set_sequence(u32 index, u32 sequence);
const struct kbm_session_host *kbm_channel_host_page(u32 index);

/* device.c */
int __init kbm_channel_device_init(void);

/* memory.c */
struct kbm_memory *kbm_memory_add(u64 start, u64 bytes, bool base_pages);
void kbm_memory_remove(struct kbm_memory *memory);
bool kbm_memory_in_use(u64 start, u64 bytes);

/* session.c */
struct kbm_session *kbm_session_open(struct kbm_error *error);
void kbm_session_close(struct kbm_session *session);
int kbm_session_end_orphan(u32 index, struct kbm_error *error);
u32 kbm_session_state(const struct kbm_session *session);

/* session_map.c */
int kbm_session_map(struct kbm_session *session, struct vm_area_struct *vma);
int kbm_session_reach(struct kbm_session *session, u64 start, u64 bytes);

/* session_words.c */
int kbm_session_doorbell(struct kbm_session *session, const struct kbm_doorbell *request);
void kbm_session_doorbells_end(struct kbm_session *session);
int kbm_session_ring(struct kbm_session *session, u64 word);

/* sysfs.c */
extern const struct attribute_group *kbm_channel_groups[];

#endif /* _KBM_CHANNEL_DRIVER_H */
