/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's side: KVM's calls on handles of a session. Any thread may call; each
 * gets a ring of its own at its first call, and the twin gives it a thread.
 *
 * All return what the call itself would, or a negative errno; -EIO: the twin is
 * gone. Handles are above 0.
 */
#ifndef KBM_PROXY_CLIENT_H
#define KBM_PROXY_CLIENT_H

#include <stdint.h>

struct client;

/* One session in a process, with the kbm-proxyd at the unix socket @path. */
int client_connect(const char *path, struct client **ret_client);

int client_open_kvm(struct client *client);
int client_close(struct client *client, uint32_t handle);
int client_ioctl(struct client *client, uint32_t handle, unsigned long request,
		 unsigned long argument);

/* A descriptor to mmap a vCPU's run page, or to read statistics. */
int client_get_fd(struct client *client, uint32_t handle);

/* To be told of each munmap() and fixed mmap(): the twin lets go of it. */
void client_forget_memory(struct client *client, const void *address, uint64_t bytes);

#endif
