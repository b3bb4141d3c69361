/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The preload library's parts: calls, descriptors, memory. */
#ifndef KBM_PROXY_PRELOAD_H
#define KBM_PROXY_PRELOAD_H

#include <stdint.h>

#include "ioctl_table.h"

struct client;

#define EXPORT	__attribute__((visibility("default")))

/* A handle of the session of a parent process: good for nothing. */
#define HANDLE_STALE	UINT32_MAX

/* The session of this process, or NULL. */
struct client *preload_client(void);

/* As a system call's result: -1 and errno, if it is negative. */
long preload_result(long r);

/* 0: @fd is none of ours. */
uint32_t preload_handle_of(int fd);
/* Gives @handle the number @fd, which is the library's from now on. @fd or -EMFILE. */
int preload_name_handle(int fd, int handle);
/* After fork(), in the child. */
void preload_descriptors_forked(void);

/* struct client_hooks.piece_of */
void preload_piece_of(uint64_t *start, uint64_t *bytes);

#endif
