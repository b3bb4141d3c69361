/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a sandbox leaves on disk, so that `delete` can end it without its shim:
 *
 *	/run/kata-bm/NAMESPACE/ID/
 *		shim		process id and start time of the shim
 *		netns		path of the network namespace, if there is one
 *		cgroup		path of the cgroup, if the shim has joined one
 *		poststop-ID	hooks that have to be run at the end of a container
 *		shared/		mounts for the guest, in the shim's mount namespace
 *		(others)	vm/'s record of QEMU
 */
#ifndef KBM_SHIM_STATE_H
#define KBM_SHIM_STATE_H

#include <stddef.h>
#include <sys/types.h>

struct problem;

#define STATE_DIRECTORY "/run/kata-bm"

/* The caller frees it. */
char *state_path(const char *namespace_, const char *id);
char *state_shared_path(const char *state_dir);

/* Makes the folder for this process; one of a dead shim is used again. */
int state_make(const char *state_dir, struct problem *problem);

/* For `delete`; negative errno. */
int state_write_netns(const char *state_dir, const char *netns);
int state_read_netns(const char *state_dir, char *ret_netns, size_t size);

/* The same of the cgroup that the shim has joined. */
int state_write_cgroup(const char *state_dir, const char *path);
int state_read_cgroup(const char *state_dir, char *ret_path, size_t size);

/* The shim of that folder, if it still lives; else 0. */
pid_t state_find_shim(const char *state_dir);

/* Removes the files and the folder; mounts below must be gone before. */
int state_remove(const char *state_dir, struct problem *problem);

#endif
