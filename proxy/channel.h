/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kbm-proxyd's side of the channel (kbm_channel.h): memory that it has lent for
 * it, and the begin and end of the sessions in it. One channel a process, one
 * thread.
 *
 * All that the control BM writes is read once, and then checked; what this side
 * must remember is not in the channel, which the control BM can overwrite.
 *
 * A restart: the lease of the channel, its place, and the leases of sessions go
 * to the store of descriptors, by the names "channel", "channel-place" and
 * "lease-N". A new daemon that finds them goes on with the channel.
 */
#ifndef KBM_PROXY_CHANNEL_H
#define KBM_PROXY_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct channel_session - what a twin of the channel begins with
 * @index:	number of the session.
 * @channel:	maps the session's memory, at offset @start, @bytes of it. Not for
 *		the twin to keep.
 * @lease:	/dev/kata-bm for this session.
 * @bell:	blocking eventfd: the session's host doorbell.
 *
 * All stay the channel's, and are valid in the call only.
 */
struct channel_session {
	uint32_t index;
	int channel;
	uint64_t start;
	uint64_t bytes;
	int lease;
	int bell;
};

/**
 * struct channel_host - what the daemon does for the channel
 * @start:	starts a twin. 0 or negative errno. When the twin has ended, for
 *		whatever reason, the daemon calls channel_twin_ended().
 * @kill:	makes the twin of session @index end.
 * @alive:	whether session @index has a twin; asked at a restart only.
 * @lasting:	the lease of session @index could not be ended, for the reason
 *		@error (negative errno): what was lent goes back only when its last
 *		user ends.
 * @store, @unstore, @take: as of fd_store.h.
 */
struct channel_host {
	int (*start)(void *context, const struct channel_session *session);
	void (*kill)(void *context, uint32_t index);
	bool (*alive)(void *context, uint32_t index);
	void (*lasting)(void *context, uint32_t index, int error);
	int (*store)(const char *name, int fd);
	void (*unstore)(const char *name);
	int (*take)(const char *name);
};

/**
 * struct channel_device - where memory and doorbells come from
 * @open:	a new lease, a descriptor or negative errno.
 * @lend:	lends @bytes to @fd, at *@ret_start, if possible of NUMA node @node.
 * @end:	gives all back that @fd has lent, whoever has a copy of it. Negative
 *		errno; -ENODEV: that was done before.
 * @doorbell:	makes the word at physical address @word signal @eventfd; -1: ends
 *		that.
 * @send:	sends to what a word names.
 */
struct channel_device {
	int (*open)(void);
	int (*lend)(int fd, uint32_t node, uint64_t bytes, uint64_t *ret_start);
	int (*end)(int fd);
	int (*doorbell)(int fd, uint64_t word, int eventfd);
	int (*send)(int fd, uint64_t word);
};

/* The host's /dev/kata-bm. */
extern const struct channel_device channel_device_host;

struct channel;

/**
 * struct channel_size - of a new channel
 * @bytes:	of all, a multiple of 2 MiB.
 * @session_bytes: of each session, a multiple of 4096.
 * @node:	NUMA node to have it on.
 */
struct channel_size {
	uint64_t bytes;
	uint64_t session_bytes;
	uint32_t node;
};

/*
 * Makes a channel, or goes on with a stored one; @host and @device stay the
 * caller's. *ret_channel is set, and has its start, before @host is asked which
 * sessions of a stored one have a twin. -ENODEV, -ENOENT: this host lends
 * nothing. -EINVAL: no room for a session.
 */
int channel_new(const struct channel_size *size, const struct channel_host *host, void *context,
		const struct channel_device *device, struct channel **ret_channel);

/* Lets go of it; twins go on, and what is stored stays. */
void channel_free(struct channel *channel);

/* Readable when channel_poll() has something to do. */
int channel_fd(const struct channel *channel);
/* Starts and ends sessions as the control BM wants. Once after channel_new(), too. */
void channel_poll(struct channel *channel);
/* The twin of a session has ended. */
void channel_twin_ended(struct channel *channel, uint32_t index);
/*
 * The control BM has ended: nobody rings its CPUs any more, neither twins nor
 * guests. Sessions and their guests go on.
 */
void channel_control_bm_ended(struct channel *channel);

/* Physical address, and size. */
uint64_t channel_start(const struct channel *channel);
uint64_t channel_bytes(const struct channel *channel);
unsigned int channel_nr_sessions(const struct channel *channel);

#endif
