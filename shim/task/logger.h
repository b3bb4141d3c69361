/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that takes a container's output: binary:// of containerd. */
#ifndef KBM_SHIM_LOGGER_H
#define KBM_SHIM_LOGGER_H

struct problem;
struct stdio_uri;

struct logger {
	int stdout_; /* what is written here it reads from its descriptor 3 */
	int stderr_; /* 4 */
	int ready; /* becomes readable, or ends, when it is ready (its 5) */
};

/*
 * Starts it with $CONTAINER_ID and $CONTAINER_NAMESPACE, in no folder of ours and
 * with no other descriptor of ours. Returns when it is executed. It ends by itself
 * after the end of its input; the caller closes the descriptors. It is no child.
 * Negative errno: @problem says which program and why.
 */
int logger_start(const struct stdio_uri *uri, const char *namespace_, const char *id,
		 struct logger *ret_logger, struct problem *problem);

#endif
