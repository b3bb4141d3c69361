/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sandbox's network: what CNI made in a network namespace, given to a guest.
 *
 * For each interface there (loopback aside) network_open() makes a tap beside it
 * and lets the kernel redirect all packets of the one to the other, both ways
 * (Kata's "tcfilter"). The guest's interface has the name, MAC address, MTU,
 * addresses, routes and neighbours of the original.
 */
#ifndef KBM_SHIM_NETWORK_H
#define KBM_SHIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct json_object;
struct network;
struct problem;

#define NETWORK_NAME_SIZE	16
#define NETWORK_ADDRESS_SIZE	64
#define NETWORK_MAC_SIZE	18

struct network_address {
	/* AF_INET or AF_INET6. */
	int family;
	char address[NETWORK_ADDRESS_SIZE];
	/* Length of the prefix. */
	unsigned int prefix;
};

/* An interface that the guest shall have; for UpdateInterface and vm_nic. */
struct network_link {
	char name[NETWORK_NAME_SIZE];
	uint8_t mac[6];
	char mac_text[NETWORK_MAC_SIZE];
	unsigned int mtu;
	/* Kind as the kernel calls it ("veth", ...), empty for a physical one. */
	char kind[NETWORK_NAME_SIZE];
	/* IFF_* of the original; IFF_NOARP matters in the guest. */
	unsigned int flags;
	struct network_address *addresses;
	size_t nr_addresses;
	/* Open tap; the network's, QEMU inherits a copy. */
	int tap;
};

/* For UpdateRoutes, in an order in which they can be added. */
struct network_route {
	int family;
	/* "ADDRESS/PREFIX"; empty: the default route. */
	char destination[NETWORK_ADDRESS_SIZE];
	/* Empty: none. */
	char gateway[NETWORK_ADDRESS_SIZE];
	/* Preferred source address; empty: none. */
	char source[NETWORK_ADDRESS_SIZE];
	/* Name of the link. */
	char device[NETWORK_NAME_SIZE];
	/* RT_SCOPE_*; RTNH_F_ONLINK or 0 */
	unsigned int scope;
	unsigned int flags;
	/* 0: none. */
	unsigned int metric;
	unsigned int mtu;
};

/* For AddARPNeighbors: entries that somebody made permanent. */
struct network_neighbour {
	int family;
	char address[NETWORK_ADDRESS_SIZE];
	char device[NETWORK_NAME_SIZE];
	char mac[NETWORK_MAC_SIZE];
	/* NUD_*, NTF_* */
	unsigned int state;
	unsigned int flags;
};

/**
 * network_find_namespace - which network namespace config.json asks for
 * @spec:	config.json.
 * @ret:	its path, the caller frees it; NULL: a new one, so that the guest
 *		has loopback only.
 *
 * -EOPNOTSUPP: the host's own network, which a guest cannot have.
 */
int network_find_namespace(struct json_object *spec, char **ret, struct problem *problem);

/**
 * network_open - taps and redirects for all interfaces of a namespace
 * @netns:	path of the namespace; NULL: a network without interfaces.
 *
 * What an earlier network_open() left there is replaced. The calling thread
 * enters the namespace and comes back: no other thread may be there.
 *
 * -ENOENT: no such namespace. -EOPNOTSUPP: it is the host's own, or an interface
 * is of a kind that has no packets to redirect. After an error nothing is left.
 */
int network_open(const char *netns, struct network **ret, struct problem *problem);

size_t network_nr_links(const struct network *network);
const struct network_link *network_link(const struct network *network, size_t index);

size_t network_nr_routes(const struct network *network);
const struct network_route *network_route(const struct network *network, size_t index);

size_t network_nr_neighbours(const struct network *network);
const struct network_neighbour *network_neighbour(const struct network *network, size_t index);

/*
 * Closes our copies of the taps: QEMU has its own. What the guest has stays. To
 * be called once the VM has started, so that taps go away with QEMU.
 */
void network_close_taps(struct network *network);

/* Takes redirects and taps away, and frees @network. */
struct network *network_close(struct network *network);

/**
 * network_remove - take away what network_open() left in a namespace
 * @netns:	its path. If it is gone there is nothing to do: 0.
 *
 * After the end of QEMU: a namespace with taps is a running guest's, and left alone.
 */
int network_remove(const char *netns, struct problem *problem);

/**
 * network_make_namespace - a new network namespace, which lives as long as @ret_fd
 *
 * With loopback alone, which is down. /proc/self/fd/NUMBER is its path for the
 * functions above.
 */
int network_make_namespace(int *ret_fd, struct problem *problem);

/**
 * network_hold - a process of ours that does nothing in a namespace
 * @netns:	its path; NULL: the one of this process.
 *
 * For programs that know a namespace by a process in it. It has no descriptors,
 * and ends with this process at the latest.
 */
int network_hold(const char *netns, pid_t *ret_pid, struct problem *problem);

/* Ends that process; 0 is fine. */
void network_release(pid_t pid);

#endif
