/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A visit of this thread to another network namespace. */
#ifndef KBM_SHIM_NAMESPACE_H
#define KBM_SHIM_NAMESPACE_H

struct problem;

struct visit {
	/* Where to come back to; -1: at home. */
	int home;
};

/**
 * namespace_enter - go to the namespace at @path
 *
 * -ENOENT: nothing there; -EINVAL: no network namespace; -EOPNOTSUPP: it is the
 * one that this process is in, which is the host's.
 */
int namespace_enter(struct visit *visit, const char *path, struct problem *problem);

/* Back home; ends the process if that fails, since all else would go wrong. */
void namespace_leave(struct visit *visit);

#endif
