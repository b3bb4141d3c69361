/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest's interfaces and their addresses. */
#ifndef KBM_AGENT_LINKS_H
#define KBM_AGENT_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
	unsigned int index, mtu, flags; /* flags: IFF_... */
	char name[IFNAMSIZ];
	uint8_t mac[6];
	bool has_mac;
};

struct link_address {
	unsigned int index; /* of the link */
	uint8_t family, prefix, scope;
	uint8_t bytes[16];
};

#define LINKS_MAX 64
#define LINK_ADDRESSES_MAX 256

/* What exceeds the maximum is left out. Both return 0 or a negative errno. */
int links_list(struct link links[LINKS_MAX], size_t *ret_count);
int link_addresses_list(struct link_address addresses[LINK_ADDRESSES_MAX],
			size_t *ret_count);

/* By MAC address, or, if mac is NULL, by name. Returns 0, -ENODEV, or another error. */
int link_find(const uint8_t *mac, const char *name, struct link *ret_link);

/*
 * Takes the link down, renames it (a link that has the name gets another),
 * and sets its MTU (0: leaves it) and whether it does ARP.
 */
int link_configure(const struct link *link, const char *name, unsigned int mtu,
		   bool no_arp);

int link_bring_up(unsigned int index);

int link_address_add(const struct link_address *address);
int link_address_remove(const struct link_address *address);

#endif
