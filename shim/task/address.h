/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket of a shim's server: its name, and who owns it. */
#ifndef KBM_SHIM_ADDRESS_H
#define KBM_SHIM_ADDRESS_H

#include <stddef.h>

/* Where containerd's own shims have theirs. */
#define ADDRESS_DIRECTORY "/run/containerd/s"
#define ADDRESS_SCHEME "unix://"

/* A path of a Unix socket with the scheme before it. */
#define ADDRESS_SIZE (sizeof(ADDRESS_SCHEME) + 107)

/*
 * The address of the server of @group (a sandbox's id), the same for each caller:
 * made of a hash, so that it is short for any id. @directory: NULL for the usual.
 * -ENAMETOOLONG: because of @directory.
 */
int address_make(const char *directory, const char *containerd, const char *namespace_,
		 const char *group, char ret_address[ADDRESS_SIZE]);

/*
 * Binds and listens; makes the directory. What a dead server left is replaced.
 * Returns the descriptor, -EADDRINUSE if a server lives there, or negative errno.
 */
int address_listen(const char *address);

/* 0: a server answers at @address, else negative errno. */
int address_probe(const char *address);

/* Writes @text as the file @name of the folder @bundle, whole or not at all. */
int address_write(const char *bundle, const char *name, const char *text);

/* Reads what address_write() has written; negative errno. */
int address_read(const char *bundle, const char *name, char *ret_text, size_t size);

#endif
