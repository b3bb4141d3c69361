/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What containerd writes to start's stdin, of 1.6 to 2.2, and of 2.3 and later; and what
 * start answers.
 */
#ifndef KBM_SHIM_BOOTSTRAP_H
#define KBM_SHIM_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>

#include "google/protobuf/any.pb-c.h"

struct options;
struct problem;

struct bootstrap {
	/* Runtime options; NULL: none. */
	Google__Protobuf__Any *options;
	/* Where the socket shall be; NULL: as usual. */
	char *socket_dir;
	bool debug;
};

/* All of it to the end: the caller frees. -EFBIG: more than any containerd writes. */
int bootstrap_read(int fd, void **ret_data, size_t *ret_size, struct problem *problem);

/*
 * @size 0: nothing was given, which is fine. It is taken for the newer form only
 * if that names our own namespace and id, since the older may decode as it, too.
 */
int bootstrap_parse(const void *data, size_t size, const struct options *options,
		    struct bootstrap *ret_bootstrap, struct problem *problem);

void bootstrap_done(struct bootstrap *bootstrap);

/*
 * What start prints: the plain @address, which every containerd takes for a shim of version 2.
 * A sandbox of 2.x, to be known by its @bundle, has to be of version 3, and says so in
 * JSON: only then does containerd bring the sandbox's containers to it (and calls
 * containerd.task.v3.Task); else it runs start for each, and does not say whose it is. 1.7
 * keeps its sandboxes beside the tasks, and refuses a version above 2. The caller frees.
 */
char *bootstrap_answer(const char *bundle, const char *address);

#endif
