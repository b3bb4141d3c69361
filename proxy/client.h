/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's side: KVM's calls on handles of a session. Any thread may call; each
 * gets a ring of its own at its first call, and the twin gives it a thread.
 *
 * All return what the call itself would, or a negative errno; -EIO: the twin is
 * gone, and with it all that the session had. Handles are above 0. Not from a
 * signal handler: a call inside of a call of the same thread is -EBUSY.
 */
#ifndef KBM_PROXY_CLIENT_H
#define KBM_PROXY_CLIENT_H

#include <stddef.h>
#include <stdint.h>

struct client;

/*
 * One session in a process. @where is "unix:PATH", the socket of kbm-proxyd, or
 * "kbm:DEVICE", /dev/kata-bm of a control BM. -EINVAL: neither. -EUSERS (kbm):
 * no session of the channel is free. -ETIMEDOUT (kbm): no twin came.
 */
int client_connect(const char *where, struct client **ret_client);
/* What to do about an error of client_connect(): one line, for a message. */
const char *client_connect_remedy(int error);
/* Ends the session. No thread is in a call, none makes another. */
void client_disconnect(struct client *client);

/**
 * struct client_hooks - of a library that a VMM does not know to be there
 * @copy:	copies from or to the VMM's memory; 0 or -EFAULT.
 * @handle_of:	the handle that a descriptor in a structure stands for; 0: none.
 * @piece_of:	widens memory that is to be shared to the whole mapping that it
 *		is a part of, if that is known.
 */
struct client_hooks {
	int (*copy)(void *to, const void *from, size_t bytes);
	uint32_t (*handle_of)(int fd);
	void (*piece_of)(uint64_t *start, uint64_t *bytes);
};

/*
 * Before the first call. Without hooks all pointers are good, descriptors in
 * structures are handles, and memory is shared as it is named.
 */
void client_set_hooks(struct client *client, const struct client_hooks *hooks);

/* "unix" or "kbm". */
const char *client_transport(const struct client *client);
/* poll() without events says POLLHUP once the twin is gone. Stays the client's. */
int client_end_fd(const struct client *client);
/* What the host calls this session in its lists; at most 63 bytes count. */
int client_set_name(struct client *client, const char *name);

int client_open_kvm(struct client *client);
/* Also of leases. A vCPU's mapped run page stays until it is unmapped. */
int client_close(struct client *client, uint32_t handle);
/*
 * @argument: as of ioctl(2), but descriptors of the session are handles. Those
 * of irqfd and ioeventfd are eventfds of this process, which stay open until they
 * are given up or the VM is closed; others are unix only, else -EOPNOTSUPP. A
 * signal to this thread ends KVM_RUN with -EINTR.
 */
int client_ioctl(struct client *client, uint32_t handle, unsigned long request,
		 unsigned long argument);

/*
 * mmap() of a vCPU's descriptor: its run page, port data page and ring of
 * coalesced accesses. These are copies that KVM_RUN reads at its begin and
 * writes at its end. munmap() ends it: over kbm before the last vCPU of the VM is
 * closed, since the session's memory then serves other things.
 */
int client_mmap(struct client *client, uint32_t vcpu, void *address, size_t bytes, int protection,
		int flags, int64_t offset, void **ret_address);

/* pread() of statistics (KVM_GET_STATS_FD). Bytes read. */
int client_pread(struct client *client, uint32_t handle, void *buffer, size_t bytes,
		 uint64_t offset);
/* A descriptor to read statistics; unix only, else -EOPNOTSUPP. */
int client_get_fd(struct client *client, uint32_t handle);

/* To be told of each munmap() and fixed mmap(), before it: the twin lets go of it. */
void client_forget_memory(struct client *client, const void *address, uint64_t bytes);
/*
 * Memory that was private before it was shared: throws away the content of what
 * lies in the range, as MADV_DONTNEED would. Whether there was any.
 */
int client_discard_memory(struct client *client, const void *address, uint64_t bytes);
/* Whether all of the range is such memory. */
int client_owns_memory(struct client *client, const void *address, uint64_t bytes);

/*
 * Leases (kbm.h). A session has at most one, the host's /dev/kata-bm; -EEXIST:
 * it is open. client_ioctl() takes KBM_GET_HOST_INFO, KBM_GET_REGIONS,
 * KBM_LEND_CPU and KBM_LEND_MEMORY on it, and its handle where KVM wants the
 * descriptor of a lease (KVM_CAP_X86_DIRECT).
 */
int client_open_lease(struct client *client);
/* Why the last call on the lease failed: a line, ended by a zero byte. Its length. */
int client_lease_error(struct client *client, uint32_t lease, char *text, size_t size);
/*
 * Maps @bytes of lent memory at physical address @start; memory slots may name
 * it. @address: where, with MAP_FIXED, if not NULL. munmap() and then
 * client_forget_memory() end it.
 */
int client_map_lease(struct client *client, uint32_t lease, uint64_t start, uint64_t bytes,
		     void *address, void **ret_address);
/*
 * The file for KBM_DOORBELL and KBM_SEND_DOORBELL of the guest: that of the
 * session (kbm), or the lease itself (unix). -ENODEV before client_open_lease().
 * Stays the client's. On unix memory stays lent until this process ends, too.
 */
int client_local_fd(const struct client *client);

#endif
