// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "links.h"
#include "netlink.h"

struct listing {
	void *items;
	size_t count;
};

static int add_link(void *context, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = NLMSG_DATA(message);
	const struct rtattr *attributes[IFLA_MTU + 1];
	struct listing *listing = context;
	struct link *link = (struct link *)listing->items + listing->count;

	if (message->nlmsg_type != RTM_NEWLINK || listing->count == LINKS_MAX)
		return 0;
	netlink_attributes(message, sizeof(*info), attributes, IFLA_MTU);
	memset(link, 0, sizeof(*link));
	link->index = info->ifi_index;
	link->flags = info->ifi_flags;
	link->mtu = netlink_u32(attributes[IFLA_MTU]);
	if (attributes[IFLA_IFNAME])
		snprintf(link->name, sizeof(link->name), "%.*s",
			 (int)RTA_PAYLOAD(attributes[IFLA_IFNAME]),
			 (const char *)RTA_DATA(attributes[IFLA_IFNAME]));
	if (attributes[IFLA_ADDRESS] &&
	    RTA_PAYLOAD(attributes[IFLA_ADDRESS]) == sizeof(link->mac)) {
		memcpy(link->mac, RTA_DATA(attributes[IFLA_ADDRESS]),
		       sizeof(link->mac));
		link->has_mac = true;
	}
	listing->count++;
	return 0;
}

int links_list(struct link links[LINKS_MAX], size_t *ret_count)
{
	struct listing listing = { .items = links };
	struct netlink_request request;
	struct ifinfomsg *info;
	int r;

	info = netlink_begin(&request, RTM_GETLINK, 0, sizeof(*info));
	info->ifi_family = AF_UNSPEC;
	r = netlink_dump(&request, add_link, &listing);
	if (r >= 0)
		*ret_count = listing.count;
	return r;
}

int link_find(const uint8_t *mac, const char *name, struct link *ret_link)
{
	struct link links[LINKS_MAX];
	size_t count;
	int r;

	r = links_list(links, &count);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (links[i].flags & IFF_LOOPBACK)
			continue;
		if (mac ? memcmp(links[i].mac, mac, sizeof(links[i].mac)) :
			  strcmp(links[i].name, name))
			continue;
		*ret_link = links[i];
		return 0;
	}
	return -ENODEV;
}

static struct ifinfomsg *begin_change(struct netlink_request *request,
				      unsigned int index)
{
	struct ifinfomsg *info =
		netlink_begin(request, RTM_NEWLINK, 0, sizeof(*info));

	info->ifi_family = AF_UNSPEC;
	info->ifi_index = index;
	return info;
}

static int set_flags(unsigned int index, unsigned int flags,
		     unsigned int change)
{
	struct netlink_request request;
	struct ifinfomsg *info = begin_change(&request, index);

	info->ifi_flags = flags;
	info->ifi_change = change;
	return netlink_send(&request);
}

int link_bring_up(unsigned int index)
{
	return set_flags(index, IFF_UP, IFF_UP);
}

static int rename_link(unsigned int index, const char *name)
{
	struct netlink_request request;

	begin_change(&request, index);
	netlink_add(&request, IFLA_IFNAME, name, strlen(name) + 1);
	return netlink_send(&request);
}

/* Whoever has the name gets it back when its own turn comes. */
static int make_way(const struct link *link, const char *name)
{
	char other_name[IFNAMSIZ];
	struct link other;
	int r;

	r = link_find(NULL, name, &other);
	if (r == -ENODEV || (r >= 0 && other.index == link->index))
		return 0;
	if (r < 0)
		return r;
	snprintf(other_name, sizeof(other_name), "kbm%u", other.index);
	r = set_flags(other.index, 0, IFF_UP);
	return r < 0 ? r : rename_link(other.index, other_name);
}

int link_configure(const struct link *link, const char *name, unsigned int mtu,
		   bool no_arp)
{
	struct netlink_request request;
	int r;

	r = set_flags(link->index, no_arp ? IFF_NOARP : 0, IFF_UP | IFF_NOARP);
	if (r >= 0 && strcmp(link->name, name)) {
		r = make_way(link, name);
		if (r >= 0)
			r = rename_link(link->index, name);
	}
	if (r < 0 || !mtu)
		return r;
	begin_change(&request, link->index);
	netlink_add_u32(&request, IFLA_MTU, mtu);
	return netlink_send(&request);
}

static int add_address(void *context, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *info = NLMSG_DATA(message);
	const struct rtattr *attributes[IFA_LOCAL + 1], *bytes;
	struct listing *listing = context;
	struct link_address *address =
		(struct link_address *)listing->items + listing->count;

	if (message->nlmsg_type != RTM_NEWADDR ||
	    listing->count == LINK_ADDRESSES_MAX)
		return 0;
	netlink_attributes(message, sizeof(*info), attributes, IFA_LOCAL);
	bytes = attributes[IFA_LOCAL] ? attributes[IFA_LOCAL] :
					attributes[IFA_ADDRESS];
	if (!bytes || RTA_PAYLOAD(bytes) > sizeof(address->bytes))
		return 0;
	memset(address, 0, sizeof(*address));
	address->index = info->ifa_index;
	address->family = info->ifa_family;
	address->prefix = info->ifa_prefixlen;
	address->scope = info->ifa_scope;
	memcpy(address->bytes, RTA_DATA(bytes), RTA_PAYLOAD(bytes));
	listing->count++;
	return 0;
}

int link_addresses_list(struct link_address addresses[LINK_ADDRESSES_MAX],
			size_t *ret_count)
{
	struct listing listing = { .items = addresses };
	struct netlink_request request;
	struct ifaddrmsg *info;
	int r;

	info = netlink_begin(&request, RTM_GETADDR, 0, sizeof(*info));
	info->ifa_family = AF_UNSPEC;
	r = netlink_dump(&request, add_address, &listing);
	if (r >= 0)
		*ret_count = listing.count;
	return r;
}

static int change_address(uint16_t type, uint16_t flags,
			  const struct link_address *address)
{
	size_t size = address->family == AF_INET ? 4 : 16;
	struct netlink_request request;
	struct ifaddrmsg *info;

	info = netlink_begin(&request, type, flags, sizeof(*info));
	info->ifa_family = address->family;
	info->ifa_prefixlen = address->prefix;
	info->ifa_index = address->index;
	/* Its owner has checked already that nobody else has it. */
	if (address->family == AF_INET6)
		info->ifa_flags = IFA_F_NODAD;
	netlink_add(&request, IFA_LOCAL, address->bytes, size);
	netlink_add(&request, IFA_ADDRESS, address->bytes, size);
	return netlink_send(&request);
}

int link_address_add(const struct link_address *address)
{
	return change_address(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE,
			      address);
}

int link_address_remove(const struct link_address *address)
{
	return change_address(RTM_DELADDR, 0, address);
}
