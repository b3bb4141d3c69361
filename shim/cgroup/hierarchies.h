/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hierarchies of cgroups that are mounted, and where this process is in them. */
#ifndef KBM_SHIM_HIERARCHIES_H
#define KBM_SHIM_HIERARCHIES_H

#include <stddef.h>

#define HIERARCHIES_MAX 32

struct hierarchy {
	/* Where it is mounted. */
	char *root;
	/* Of this process: begins with a slash. */
	char *here;
};

struct hierarchies {
	struct hierarchy all[HIERARCHIES_MAX];
	size_t nr;
};

/* -ENOENT: none is mounted at the usual place. */
int hierarchies_read(struct hierarchies *ret);
void hierarchies_done(struct hierarchies *hierarchies);

#endif
