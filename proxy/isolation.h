/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps a twin that its client has taken over from the rest of the host:
 * namespaces of its own with an empty root, a user without capabilities, resource
 * limits, and the few system calls that a twin makes.
 *
 * Order: isolation_init() once in the daemon; for each twin isolation_fork(),
 * and in the child isolation_close_fds(), then isolation_enter() (from where on
 * nothing can be opened by a path), the twin's own preparation, and
 * isolation_seal() at last.
 *
 * All return 0 or negative errno.
 */
#ifndef KBM_PROXY_ISOLATION_H
#define KBM_PROXY_ISOLATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * struct isolation - how twins are shut in
 * @namespaces:	have them; without it only user, limits and system calls.
 * @privileged:	the daemon may make them all, the PID namespace, too; else the
 *		twin makes those that a user namespace allows.
 * @uid, @gid:	of twins, if the daemon is root's.
 * @descriptors: RLIMIT_NOFILE.
 * @private_bytes: RLIMIT_DATA.
 */
struct isolation {
	bool namespaces;
	bool privileged;
	uid_t uid;
	gid_t gid;
	uint64_t descriptors;
	uint64_t private_bytes;
};

/* Looks what this process may do, and compiles the filter of system calls. */
int isolation_init(struct isolation *isolation, const char *user);

/*
 * As fork(), the child in a PID namespace of its own where that is possible. The
 * calling process must have one thread.
 */
pid_t isolation_fork(const struct isolation *isolation);

/*
 * Child: closes all but @keep (@nr of them, in any order, -1 for none), makes
 * 0, 1 and 2 /dev/null, and resets signals.
 */
int isolation_close_fds(const int *keep, unsigned int nr);

int isolation_enter(const struct isolation *isolation);

/* From here on another system call than a twin's kills the process. */
int isolation_seal(void);

/* isolation_syscalls.c: compiles the filter; isolation_seal() wants it. */
int isolation_compile_filter(void);

#endif
