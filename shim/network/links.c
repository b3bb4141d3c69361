// SPDX-License-Identifier: GPL-2.0-or-later
/* Interfaces of a network namespace, and their addresses. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/netlink.h"
#include "config/problem.h"
#include "network_private.h"

struct reading {
	struct network *network;
	struct problem *problem;
};

struct network_link *network_find_link(struct network *network, int index)
{
	for (size_t i = 0; i < network->nr_links; i++)
		if (network->indexes[i] == index)
			return &network->links[i];
	return NULL;
}

/* A string of the kernel's; it ends with a zero byte or with the attribute. */
static void copy_text(const struct rtattr *attribute, char *to, size_t size)
{
	if (attribute)
		snprintf(to, size, "%.*s", (int)RTA_PAYLOAD(attribute),
			 (const char *)RTA_DATA(attribute));
}

static void take_kind(const struct rtattr *info, struct network_link *link)
{
	const struct rtattr *attribute = info ? RTA_DATA(info) : NULL;
	int left = info ? (int)RTA_PAYLOAD(info) : 0;

	for (; attribute && RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left))
		if (attribute->rta_type == IFLA_INFO_KIND)
			copy_text(attribute, link->kind, sizeof(link->kind));
}

static void take_mac(const struct rtattr *attribute, struct network_link *link)
{
	const uint8_t *mac;

	if (!attribute || RTA_PAYLOAD(attribute) != sizeof(link->mac))
		return;
	mac = RTA_DATA(attribute);
	memcpy(link->mac, mac, sizeof(link->mac));
	snprintf(link->mac_text, sizeof(link->mac_text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static void take_attributes(const struct nlmsghdr *message, struct network_link *link)
{
	const struct rtattr *attributes[IFLA_LINKINFO + 1];

	netlink_attributes(message, sizeof(struct ifinfomsg), attributes, IFLA_LINKINFO);
	copy_text(attributes[IFLA_IFNAME], link->name, sizeof(link->name));
	take_mac(attributes[IFLA_ADDRESS], link);
	take_kind(attributes[IFLA_LINKINFO], link);
	link->mtu = netlink_u32(attributes[IFLA_MTU]);
}

static int refuse(const struct reading *reading, int error, const char *name, const char *why)
{
	return problem_set(reading->problem, error, "network interface %s of %s: %s", name,
			   reading->network->netns, why);
}

static int take_link(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	struct reading *reading = context;
	struct network *network = reading->network;
	struct network_link link = { .tap = -1, .flags = info->ifi_flags };

	take_attributes(message, &link);
	/* Tunnels' modules put interfaces into each namespace; those nobody uses are down. */
	if (info->ifi_flags & IFF_LOOPBACK || !(info->ifi_flags & IFF_UP) ||
	    !strncmp(link.name, TAP_PREFIX, strlen(TAP_PREFIX)))
		return 0;
	if (info->ifi_type != ARPHRD_ETHER || !*link.mac_text)
		return refuse(reading, -EOPNOTSUPP, link.name,
			      "not Ethernet, and a guest's is; take it out of the namespace");
	if (network->nr_links == NETWORK_MAX_LINKS)
		return refuse(reading, -E2BIG, link.name, "more interfaces than a guest can have");
	network->indexes[network->nr_links] = info->ifi_index;
	network->links[network->nr_links++] = link;
	return 0;
}

int network_read_links(struct network *network, struct problem *problem)
{
	struct reading reading = { .network = network, .problem = problem };
	struct netlink_request request;

	netlink_begin(&request, RTM_GETLINK, 0, sizeof(struct ifinfomsg));
	return netlink_dump(&request, take_link, &reading);
}

/* The kernel of the guest makes these by itself, from the MAC address. */
static bool is_automatic(const struct ifaddrmsg *info)
{
	return info->ifa_family == AF_INET6 && info->ifa_scope == RT_SCOPE_LINK;
}

static int add_address(struct network_link *link, const struct ifaddrmsg *info,
		       const struct rtattr *attribute)
{
	struct network_address *addresses, *address;

	if (link->nr_addresses == NETWORK_MAX_ADDRESSES)
		return -E2BIG;
	addresses = reallocarray(link->addresses, link->nr_addresses + 1, sizeof(*addresses));
	if (!addresses)
		return -ENOMEM;
	link->addresses = addresses;
	address = &addresses[link->nr_addresses];
	*address = (struct network_address){
		.family = info->ifa_family, .prefix = info->ifa_prefixlen,
	};
	if (!inet_ntop(info->ifa_family, RTA_DATA(attribute), address->address,
		       sizeof(address->address)))
		return -errno;
	link->nr_addresses++;
	return 0;
}

/* IFA_LOCAL is the interface's own; of point-to-point ones IFA_ADDRESS is the peer's. */
static int take_address(void *context, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	struct network_link *link = network_find_link(context, (int)info->ifa_index);
	const struct rtattr *attributes[IFA_LOCAL + 1], *own;
	size_t size = info->ifa_family == AF_INET ? 4 : 16;

	if (!link || is_automatic(info) ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return 0;
	netlink_attributes(message, sizeof(*info), attributes, IFA_LOCAL);
	own = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] : attributes[IFA_ADDRESS];
	return own && RTA_PAYLOAD(own) == size ? add_address(link, info, own) : 0;
}

int network_read_addresses(struct network *network)
{
	struct netlink_request request;

	netlink_begin(&request, RTM_GETADDR, 0, sizeof(struct ifaddrmsg));
	return netlink_dump(&request, take_address, network);
}
