/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sandbox's network: shared by the files of this folder. */
#ifndef KBM_SHIM_NETWORK_PRIVATE_H
#define KBM_SHIM_NETWORK_PRIVATE_H

#include "network.h"

#define NETWORK_MAX_LINKS	32
#define NETWORK_MAX_ADDRESSES	64
#define NETWORK_MAX_ROUTES	1024
#define NETWORK_MAX_NEIGHBOURS	1024

/* Name of the tap of the interface with index N. */
#define TAP_NAME		"kbmtap%d"
#define TAP_PREFIX		"kbmtap"

struct network {
	/* The namespace; NULL: none. */
	char *netns;
	struct network_link links[NETWORK_MAX_LINKS];
	/* Index of the interface in the namespace, by link. */
	int indexes[NETWORK_MAX_LINKS];
	/* There are redirects at its ingress. */
	bool is_connected[NETWORK_MAX_LINKS];
	size_t nr_links;
	struct network_route *routes;
	size_t nr_routes;
	struct network_neighbour *neighbours;
	size_t nr_neighbours;
};

/* The link with that interface index; NULL: none of ours. */
struct network_link *network_find_link(struct network *network, int index);

/* Reads what the namespace of the calling thread has. */
int network_read_links(struct network *network, struct problem *problem);
int network_read_addresses(struct network *network);
int network_read_routes(struct network *network);
int network_read_neighbours(struct network *network);

/**
 * redirect_set - all packets that @from receives leave by @to
 *
 * Replaces what is at the ingress of @from. -ENOENT: the kernel has no such
 * filter or action.
 */
int redirect_set(int from, int to);

/* Nothing there: 0. */
int redirect_remove(int from);

/**
 * tap_open - a tap in the network namespace of the calling thread
 * @mtu:	set, and the interface is up.
 *
 * It goes away with its last descriptor.
 */
int tap_open(const char *name, unsigned int mtu, int *ret_fd, int *ret_index);

#endif
