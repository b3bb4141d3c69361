// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "links.h"
#include "network_answers.h"
#include "routes.h"
#include "ttrpc/ttrpc.h"

/* Answers point into memory of the function that makes them. */
struct interface_answer {
	Types__Interface message;
	char mac[18];
	Types__IPAddress *addresses[16];
};

struct address_answer {
	Types__IPAddress message;
	char address[INET6_ADDRSTRLEN], prefix[4];
};

static void fill_address(struct address_answer *answer,
			 const struct link_address *address)
{
	types__ipaddress__init(&answer->message);
	inet_ntop(address->family, address->bytes, answer->address,
		  sizeof(answer->address));
	snprintf(answer->prefix, sizeof(answer->prefix), "%u", address->prefix);
	answer->message.family = address->family == AF_INET ?
					 TYPES__IPFAMILY__v4 :
					 TYPES__IPFAMILY__v6;
	answer->message.address = answer->address;
	answer->message.mask = answer->prefix;
}

static void fill_interface(struct interface_answer *answer, struct link *link)
{
	const uint8_t *mac = link->mac;

	types__interface__init(&answer->message);
	snprintf(answer->mac, sizeof(answer->mac),
		 "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	answer->message.device = answer->message.name = link->name;
	answer->message.hwaddr = answer->mac;
	answer->message.mtu = link->mtu;
	answer->message.raw_flags = link->flags;
	answer->message.ipaddresses = answer->addresses;
}

static void add_addresses(struct interface_answer *answer, unsigned int index,
			  const struct link_address *addresses,
			  struct address_answer *answers, size_t count)
{
	Types__Interface *message = &answer->message;

	for (size_t i = 0; i < count && message->n_ipaddresses < 16; i++)
		if (addresses[i].index == index)
			answer->addresses[message->n_ipaddresses++] =
				&answers[i].message;
}

void answer_interfaces(struct ttrpc_call *call)
{
	static struct link links[LINKS_MAX];
	static struct link_address addresses[LINK_ADDRESSES_MAX];
	static struct interface_answer answers[LINKS_MAX];
	static struct address_answer address_answers[LINK_ADDRESSES_MAX];
	Types__Interface *list[LINKS_MAX];
	Grpc__Interfaces response = GRPC__INTERFACES__INIT;
	size_t count, address_count;
	int r;

	r = links_list(links, &count);
	if (r >= 0)
		r = link_addresses_list(addresses, &address_count);
	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "cannot list interfaces: %s",
				      strerror(-r));
		return;
	}
	for (size_t i = 0; i < address_count; i++)
		fill_address(&address_answers[i], &addresses[i]);
	for (size_t i = 0; i < count; i++) {
		fill_interface(&answers[i], &links[i]);
		add_addresses(&answers[i], links[i].index, addresses,
			      address_answers, address_count);
		list[i] = &answers[i].message;
	}
	response.n_interfaces = count;
	response.interfaces = list;
	ttrpc_call_reply(call, &response.base);
}

struct route_answer {
	Types__Route message;
	char destination[INET6_ADDRSTRLEN + 4], gateway[INET6_ADDRSTRLEN],
		source[INET6_ADDRSTRLEN], device[IFNAMSIZ];
};

static void fill_route(struct route_answer *answer, const struct route *route)
{
	char address[INET6_ADDRSTRLEN];

	memset(answer, 0, sizeof(*answer));
	types__route__init(&answer->message);
	if (route->has_destination) {
		inet_ntop(route->family, route->destination, address,
			  sizeof(address));
		snprintf(answer->destination, sizeof(answer->destination),
			 "%s/%u", address, route->prefix);
	}
	if (route->has_gateway)
		inet_ntop(route->family, route->gateway, answer->gateway,
			  sizeof(answer->gateway));
	if (route->has_source)
		inet_ntop(route->family, route->source, answer->source,
			  sizeof(answer->source));
	if (route->index)
		if_indextoname(route->index, answer->device);
	answer->message.dest = answer->destination;
	answer->message.gateway = answer->gateway;
	answer->message.source = answer->source;
	answer->message.device = answer->device;
	answer->message.scope = route->scope;
	answer->message.flags = route->flags;
	answer->message.metric = route->metric;
	answer->message.mtu = route->mtu;
	answer->message.family = route->family == AF_INET ?
					 TYPES__IPFAMILY__v4 :
					 TYPES__IPFAMILY__v6;
}

void answer_routes(struct ttrpc_call *call)
{
	static struct route routes[ROUTES_MAX];
	static struct route_answer answers[ROUTES_MAX];
	Types__Route *list[ROUTES_MAX];
	Grpc__Routes response = GRPC__ROUTES__INIT;
	size_t count;
	int r;

	r = routes_list(routes, &count);
	if (r < 0) {
		ttrpc_call_fail_errno(call, r, "cannot list routes: %s",
				      strerror(-r));
		return;
	}
	for (size_t i = 0; i < count; i++) {
		fill_route(&answers[i], &routes[i]);
		list[i] = &answers[i].message;
	}
	response.n_routes = count;
	response.routes = list;
	ttrpc_call_reply(call, &response.base);
}
