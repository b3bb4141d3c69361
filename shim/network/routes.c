// SPDX-License-Identifier: GPL-2.0-or-later
/* Routes of a network namespace, and neighbours that somebody made permanent. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/netlink.h"
#include "network_private.h"

/* An address as text; "" where there is none. */
static void print_address(const struct rtattr *attribute, int family, char *text)
{
	*text = 0;
	if (attribute && RTA_PAYLOAD(attribute) == (family == AF_INET ? 4 : 16))
		inet_ntop(family, RTA_DATA(attribute), text, NETWORK_ADDRESS_SIZE);
}

static void take_metrics(const struct rtattr *metrics, struct network_route *route)
{
	const struct rtattr *attribute = metrics ? RTA_DATA(metrics) : NULL;
	int left = metrics ? (int)RTA_PAYLOAD(metrics) : 0;

	for (; attribute && RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == RTAX_MTU)
			route->mtu = netlink_u32(attribute);
}

/* Routes that come with an address, or are no way to anywhere, are the guest kernel's own. */
static bool is_to_carry(const struct rtmsg *info)
{
	return (info->rtm_family == AF_INET || info->rtm_family == AF_INET6) &&
	       info->rtm_table == RT_TABLE_MAIN && info->rtm_type == RTN_UNICAST &&
	       info->rtm_protocol != RTPROT_KERNEL && !(info->rtm_flags & RTM_F_CLONED);
}

static void fill_route(const struct rtmsg *info, const struct rtattr *const *by_type,
		       struct network_route *route)
{
	size_t length;

	route->family = info->rtm_family;
	print_address(by_type[RTA_DST], info->rtm_family, route->destination);
	length = strlen(route->destination);
	if (length)
		snprintf(route->destination + length, sizeof(route->destination) - length, "/%u",
			 info->rtm_dst_len);
	print_address(by_type[RTA_GATEWAY], info->rtm_family, route->gateway);
	print_address(by_type[RTA_PREFSRC], info->rtm_family, route->source);
	route->scope = info->rtm_scope;
	/* The others say how the host's link is. */
	route->flags = info->rtm_flags & RTNH_F_ONLINK;
	route->metric = netlink_u32(by_type[RTA_PRIORITY]);
	take_metrics(by_type[RTA_METRICS], route);
}

static int take_route(void *context, const struct nlmsghdr *message)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct rtattr *by_type[RTA_MAX + 1];
	struct network *network = context;
	struct network_route *routes;
	const struct network_link *link;

	if (!is_to_carry(info))
		return 0;
	netlink_attributes(message, sizeof(*info), by_type, RTA_MAX);
	if (by_type[RTA_MULTIPATH] || by_type[RTA_VIA])
		return -EOPNOTSUPP;
	link = network_find_link(network, (int)netlink_u32(by_type[RTA_OIF]));
	if (!link)
		return 0;
	if (network->nr_routes == NETWORK_MAX_ROUTES)
		return -E2BIG;
	routes = reallocarray(network->routes, network->nr_routes + 1, sizeof(*routes));
	if (!routes)
		return -ENOMEM;
	network->routes = routes;
	routes[network->nr_routes] = (struct network_route){ 0 };
	snprintf(routes[network->nr_routes].device, NETWORK_NAME_SIZE, "%s", link->name);
	fill_route(info, by_type, &routes[network->nr_routes++]);
	return 0;
}

/* A gateway has to be reachable before a route may name it. */
static void sort_routes(struct network *network)
{
	struct network_route route;
	size_t direct = 0;

	for (size_t i = 0; i < network->nr_routes; i++) {
		if (*network->routes[i].gateway)
			continue;
		route = network->routes[i];
		memmove(&network->routes[direct + 1], &network->routes[direct],
			(i - direct) * sizeof(route));
		network->routes[direct++] = route;
	}
}

int network_read_routes(struct network *network)
{
	struct netlink_request request;
	int r;

	netlink_begin(&request, RTM_GETROUTE, 0, sizeof(struct rtmsg));
	r = netlink_dump(&request, take_route, network);
	sort_routes(network);
	return r;
}

static void fill_neighbour(const struct ndmsg *info, const struct rtattr *address,
			   const uint8_t *mac, struct network_neighbour *neighbour)
{
	neighbour->family = info->ndm_family;
	neighbour->state = info->ndm_state;
	neighbour->flags = info->ndm_flags;
	print_address(address, info->ndm_family, neighbour->address);
	snprintf(neighbour->mac, sizeof(neighbour->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static int take_neighbour(void *context, const struct nlmsghdr *message)
{
	const struct ndmsg *info = NLMSG_DATA(message);
	struct network *network = context;
	const struct network_link *link = network_find_link(network, info->ndm_ifindex);
	const struct rtattr *attributes[NDA_LLADDR + 1];
	struct network_neighbour *neighbours;

	if (!link || !(info->ndm_state & NUD_PERMANENT) ||
	    (info->ndm_family != AF_INET && info->ndm_family != AF_INET6))
		return 0;
	netlink_attributes(message, sizeof(*info), attributes, NDA_LLADDR);
	if (!attributes[NDA_LLADDR] || RTA_PAYLOAD(attributes[NDA_LLADDR]) != 6)
		return 0;
	if (network->nr_neighbours == NETWORK_MAX_NEIGHBOURS)
		return -E2BIG;
	neighbours = reallocarray(network->neighbours, network->nr_neighbours + 1,
				  sizeof(*neighbours));
	if (!neighbours)
		return -ENOMEM;
	network->neighbours = neighbours;
	neighbours += network->nr_neighbours++;
	*neighbours = (struct network_neighbour){ 0 };
	snprintf(neighbours->device, sizeof(neighbours->device), "%s", link->name);
	fill_neighbour(info, attributes[NDA_DST], RTA_DATA(attributes[NDA_LLADDR]), neighbours);
	return 0;
}

int network_read_neighbours(struct network *network)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_GETNEIGH, 0, sizeof(struct ndmsg));
	return netlink_dump(&request, take_neighbour, network);
}
