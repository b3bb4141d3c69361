// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink.h"
#include "routes.h"

struct listing {
	struct route *routes;
	size_t count;
};

static size_t address_size(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool take_address(const struct rtattr *attribute, uint8_t family,
			 uint8_t to[16])
{
	if (!attribute || RTA_PAYLOAD(attribute) != address_size(family))
		return false;
	memcpy(to, RTA_DATA(attribute), address_size(family));
	return true;
}

static uint32_t mtu_in(const struct rtattr *metrics)
{
	const struct rtattr *attribute;
	int left;

	if (!metrics)
		return 0;
	attribute = RTA_DATA(metrics);
	left = RTA_PAYLOAD(metrics);
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == RTAX_MTU)
			return netlink_u32(attribute);
	return 0;
}

static int add_route(void *context, const struct nlmsghdr *message)
{
	const struct rtmsg *info = NLMSG_DATA(message);
	const struct rtattr *attributes[RTA_METRICS + 1];
	struct listing *listing = context;
	struct route *route = &listing->routes[listing->count];

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    info->rtm_table != RT_TABLE_MAIN || info->rtm_type != RTN_UNICAST ||
	    listing->count == ROUTES_MAX ||
	    (info->rtm_family != AF_INET && info->rtm_family != AF_INET6))
		return 0;
	netlink_attributes(message, sizeof(*info), attributes, RTA_METRICS);
	memset(route, 0, sizeof(*route));
	route->family = info->rtm_family;
	route->prefix = info->rtm_dst_len;
	route->scope = info->rtm_scope;
	route->protocol = info->rtm_protocol;
	route->flags = info->rtm_flags & RTNH_F_ONLINK;
	route->index = netlink_u32(attributes[RTA_OIF]);
	route->metric = netlink_u32(attributes[RTA_PRIORITY]);
	route->mtu = mtu_in(attributes[RTA_METRICS]);
	route->has_destination = take_address(
		attributes[RTA_DST], route->family, route->destination);
	route->has_gateway = take_address(attributes[RTA_GATEWAY],
					  route->family, route->gateway);
	route->has_source = take_address(attributes[RTA_PREFSRC], route->family,
					 route->source);
	listing->count++;
	return 0;
}

int routes_list(struct route routes[ROUTES_MAX], size_t *ret_count)
{
	struct listing listing = { .routes = routes };
	struct netlink_request request;
	struct rtmsg *info;
	int r;

	info = netlink_begin(&request, RTM_GETROUTE, 0, sizeof(*info));
	info->rtm_family = AF_UNSPEC;
	r = netlink_dump(&request, add_route, &listing);
	if (r >= 0)
		*ret_count = listing.count;
	return r;
}

static void add_mtu(struct netlink_request *request, uint32_t mtu)
{
	struct {
		struct rtattr header;
		uint32_t value;
	} metrics = { .header = { .rta_type = RTAX_MTU,
				  .rta_len = RTA_LENGTH(sizeof(mtu)) },
		      .value = mtu };

	netlink_add(request, RTA_METRICS, &metrics, sizeof(metrics));
}

static int change_route(uint16_t type, uint16_t flags,
			const struct route *route)
{
	size_t size = address_size(route->family);
	struct netlink_request request;
	struct rtmsg *info;

	info = netlink_begin(&request, type, flags, sizeof(*info));
	info->rtm_family = route->family;
	info->rtm_dst_len = route->prefix;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_scope = route->scope;
	info->rtm_protocol = route->protocol;
	info->rtm_type = RTN_UNICAST;
	info->rtm_flags = route->flags;
	if (route->has_destination)
		netlink_add(&request, RTA_DST, route->destination, size);
	if (route->has_gateway)
		netlink_add(&request, RTA_GATEWAY, route->gateway, size);
	if (route->has_source)
		netlink_add(&request, RTA_PREFSRC, route->source, size);
	if (route->index)
		netlink_add_u32(&request, RTA_OIF, route->index);
	if (route->metric)
		netlink_add_u32(&request, RTA_PRIORITY, route->metric);
	if (route->mtu)
		add_mtu(&request, route->mtu);
	return netlink_send(&request);
}

int route_add(const struct route *route)
{
	return change_route(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, route);
}

int route_remove(const struct route *route)
{
	return change_route(RTM_DELROUTE, 0, route);
}

int neighbour_add(unsigned int index, uint8_t family, const uint8_t *address,
		  const uint8_t mac[6], uint16_t state, uint8_t flags)
{
	struct netlink_request request;
	struct ndmsg *info;

	info = netlink_begin(&request, RTM_NEWNEIGH,
			     NLM_F_CREATE | NLM_F_REPLACE, sizeof(*info));
	info->ndm_family = family;
	info->ndm_ifindex = index;
	info->ndm_state = state ? state : NUD_PERMANENT;
	info->ndm_flags = flags;
	netlink_add(&request, NDA_DST, address, address_size(family));
	netlink_add(&request, NDA_LLADDR, mac, 6);
	return netlink_send(&request);
}
