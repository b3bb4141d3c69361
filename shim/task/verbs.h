/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs of the command line; each returns the exit status of the process. */
#ifndef KBM_SHIM_VERBS_H
#define KBM_SHIM_VERBS_H

struct options;

/*
 * Starts the server of a sandbox, or finds that of the pod, and prints its
 * address: containerd takes all that comes on stdout or stderr for it.
 */
int verb_start(const struct options *options);

/*
 * Ends what a dead shim has left, by its files alone, and prints a DeleteResponse.
 * Nothing there: as well.
 */
int verb_delete(const struct options *options);

/* Prints a RuntimeInfo. */
int verb_info(void);

/* Says what is wrong on stderr, and returns the exit status of a failure. */
int verb_fail(const char *text);

#endif
