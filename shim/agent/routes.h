/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes of the guest's main table, and permanent neighbours. */
#ifndef KBM_AGENT_ROUTES_H
#define KBM_AGENT_ROUTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct route {
	uint8_t family, prefix, scope;
	uint8_t protocol; /* RTPROT_... */
	bool has_destination, has_gateway, has_source;
	uint8_t destination[16], gateway[16], source[16];
	unsigned int index; /* of the link, 0: none */
	unsigned int flags; /* RTNH_F_... */
	unsigned int mtu, metric; /* 0: the defaults */
};

#define ROUTES_MAX 256

/* What exceeds the maximum is left out. All return 0 or a negative errno. */
int routes_list(struct route routes[ROUTES_MAX], size_t *ret_count);
int route_add(const struct route *route);
int route_remove(const struct route *route);

/* state: NUD_...; flags: NTF_... */
int neighbour_add(unsigned int index, uint8_t family, const uint8_t *address,
		  const uint8_t mac[6], uint16_t state, uint8_t flags);

#endif
