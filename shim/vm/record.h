/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which process is a sandbox's QEMU, for who comes when its shim is gone: a file
 * "vm" in the sandbox's directory, "PID START\n". START is when the process was
 * started, in ticks since boot: with it a number that is in use again is not
 * taken for the old one.
 */
#ifndef KBM_SHIM_VM_RECORD_H
#define KBM_SHIM_VM_RECORD_H

#include <stdint.h>
#include <sys/types.h>

#define RECORD_FILE	"vm"

struct record {
	pid_t pid;
	uint64_t start;
};

/* Of a process that runs. -ESRCH: there is none. */
int record_of(pid_t pid, struct record *ret);

/* Replaces what is there, in one step. */
int record_write(const char *state_dir, const struct record *record);

/* -ENOENT: none there. -EBADMSG: it is damaged. */
int record_read(const char *state_dir, struct record *ret);

int record_remove(const char *state_dir);

#endif
