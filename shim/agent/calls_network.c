// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "agent.pb-c.h"
#include "calls.h"
#include "links.h"
#include "network_answers.h"
#include "network_text.h"
#include "routes.h"

static int find_link(const Types__Interface *interface, struct link *ret_link,
		     struct problem *problem)
{
	uint8_t mac[6];
	int r;

	if (*interface->hwaddr && text_to_mac(interface->hwaddr, mac) < 0)
		return problem_set(problem, -EINVAL,
				   "\"%.40s\" is no MAC address",
				   interface->hwaddr);
	r = link_find(*interface->hwaddr ? mac : NULL, interface->device,
		      ret_link);
	return r < 0 ? problem_set(problem, r,
				   "the guest has no interface %.20s %.20s",
				   interface->device, interface->hwaddr) :
		       0;
}

/* Those that the kernel gave by itself, such as fe80::, remain. */
static int remove_addresses(unsigned int index)
{
	struct link_address addresses[LINK_ADDRESSES_MAX];
	size_t count;
	int r = link_addresses_list(addresses, &count);

	for (size_t i = 0; r >= 0 && i < count; i++)
		if (addresses[i].index == index && addresses[i].scope == 0)
			r = link_address_remove(&addresses[i]);
	return r;
}

static int add_address(unsigned int index, const Types__IPAddress *from,
		       struct problem *problem)
{
	struct link_address address = { .index = index };
	int r;

	r = text_to_address(from->address, &address.family, address.bytes);
	if (r >= 0)
		r = text_to_prefix(from->mask, address.family, &address.prefix);
	if (r >= 0)
		r = link_address_add(&address);
	return r < 0 ? problem_set(problem, r,
				   "cannot set the address \"%.50s/%.10s\": %s",
				   from->address, from->mask, strerror(-r)) :
		       0;
}

static int update_interface(const Types__Interface *interface,
			    struct problem *problem)
{
	const char *name = *interface->name ? interface->name :
					      interface->device;
	struct link link;
	int r;

	if (!*name || strlen(name) >= IFNAMSIZ)
		return problem_set(problem, -EINVAL,
				   "\"%.40s\" is no name of an interface",
				   name);
	r = find_link(interface, &link, problem);
	if (r < 0)
		return r;
	r = link_configure(&link, name, interface->mtu,
			   interface->raw_flags & IFF_NOARP);
	if (r >= 0)
		r = remove_addresses(link.index);
	if (r >= 0)
		r = link_bring_up(link.index);
	if (r < 0)
		return problem_set(problem, r, "cannot set up interface %s: %s",
				   name, strerror(-r));
	for (size_t i = 0; r >= 0 && i < interface->n_ipaddresses; i++)
		r = add_address(link.index, interface->ipaddresses[i], problem);
	return r;
}

CALL(call_update_interface)
{
	const Types__Interface *interface =
		((const Grpc__UpdateInterfaceRequest *)request)->interface;
	struct problem problem;
	int r;

	(void)context;
	r = interface ? update_interface(interface, &problem) :
			problem_set(&problem, -EINVAL, "no interface is given");
	if (r < 0)
		call_fail_problem(call, r, &problem);
	else
		ttrpc_call_reply(call, &interface->base);
}

static int route_from(const Types__Route *from, struct route *ret,
		      struct problem *problem)
{
	uint8_t gateway_family = AF_INET, source_family = AF_INET;
	struct link link = { .index = 0 };
	int r = 0;

	*ret = (struct route){ .scope = from->scope,
			       .flags = from->flags,
			       .mtu = from->mtu,
			       .metric = from->metric,
			       .protocol = RTPROT_STATIC };
	ret->family = from->family == TYPES__IPFAMILY__v6 ? AF_INET6 : AF_INET;
	ret->has_destination = *from->dest && strcmp(from->dest, "default");
	ret->has_gateway = *from->gateway;
	ret->has_source = *from->source;
	if (ret->has_destination)
		r = text_to_network(from->dest, &ret->family, ret->destination,
				    &ret->prefix);
	if (r >= 0 && ret->has_gateway)
		r = text_to_address(from->gateway, &gateway_family,
				    ret->gateway);
	if (r >= 0 && ret->has_source)
		r = text_to_address(from->source, &source_family, ret->source);
	if (r >= 0 && ((ret->has_gateway && ret->has_destination &&
			gateway_family != ret->family) ||
		       (ret->has_source && source_family != ret->family &&
			ret->has_destination)))
		r = -EAFNOSUPPORT;
	if (r >= 0 && ret->has_gateway && !ret->has_destination)
		ret->family = gateway_family;
	if (r >= 0 && *from->device)
		r = link_find(NULL, from->device, &link);
	ret->index = link.index;
	return r < 0 ? problem_set(
			       problem, r,
			       "route to \"%.50s\" by \"%.50s\" on %.16s: %s",
			       from->dest, from->gateway, from->device,
			       strerror(-r)) :
		       0;
}

/* The kernel makes and keeps its own with the addresses. */
static int remove_routes(void)
{
	struct route routes[ROUTES_MAX];
	size_t count;
	int r = routes_list(routes, &count);

	for (size_t i = 0; r >= 0 && i < count; i++)
		if (routes[i].protocol != RTPROT_KERNEL)
			r = route_remove(&routes[i]);
	return r;
}

static int add_route(const Types__Route *from, struct problem *problem)
{
	struct route route;
	int r;

	r = route_from(from, &route, problem);
	if (r < 0)
		return r;
	r = route_add(&route);
	return r < 0 ? problem_set(
			       problem, r,
			       "cannot add the route to \"%.50s\" by \"%.50s\": %s",
			       from->dest, from->gateway, strerror(-r)) :
		       0;
}

/* Gateways are reached over routes that have none: those go first. */
static int update_routes(const Grpc__Routes *routes, struct problem *problem)
{
	int r = remove_routes();

	if (r < 0)
		return problem_set(problem, r,
				   "cannot remove the old routes: %s",
				   strerror(-r));
	for (int with_gateway = 0; with_gateway < 2; with_gateway++)
		for (size_t i = 0; r >= 0 && i < routes->n_routes; i++)
			if ((*routes->routes[i]->gateway != '\0') ==
			    with_gateway)
				r = add_route(routes->routes[i], problem);
	return r;
}

CALL(call_update_routes)
{
	const Grpc__Routes *routes =
		((const Grpc__UpdateRoutesRequest *)request)->routes;
	Grpc__Routes none = GRPC__ROUTES__INIT;
	struct problem problem;
	int r;

	(void)context;
	r = update_routes(routes ? routes : &none, &problem);
	if (r < 0)
		call_fail_problem(call, r, &problem);
	else
		answer_routes(call);
}

CALL(call_list_interfaces)
{
	(void)request;
	(void)context;
	answer_interfaces(call);
}

CALL(call_list_routes)
{
	(void)request;
	(void)context;
	answer_routes(call);
}

static int add_neighbour(const Types__ARPNeighbor *from,
			 struct problem *problem)
{
	uint8_t family, address[16], mac[6];
	struct link link;
	int r = from->toipaddress ? 0 : -EINVAL;

	if (r >= 0)
		r = text_to_address(from->toipaddress->address, &family,
				    address);
	if (r >= 0)
		r = text_to_mac(from->lladdr, mac);
	if (r >= 0)
		r = link_find(NULL, from->device, &link);
	if (r >= 0)
		r = neighbour_add(link.index, family, address, mac, from->state,
				  from->flags);
	return r < 0 ? problem_set(
			       problem, r,
			       "cannot add the neighbour %.50s (%.20s) on %.16s: %s",
			       from->toipaddress ? from->toipaddress->address :
						   "",
			       from->lladdr, from->device, strerror(-r)) :
		       0;
}

CALL(call_add_neighbours)
{
	const Grpc__ARPNeighbors *neighbours =
		((const Grpc__AddARPNeighborsRequest *)request)->neighbors;
	struct problem problem;
	int r = 0;

	(void)context;
	for (size_t i = 0;
	     r >= 0 && neighbours && i < neighbours->n_arpneighbors; i++)
		r = add_neighbour(neighbours->arpneighbors[i], &problem);
	if (r < 0)
		call_fail_problem(call, r, &problem);
	else
		call_reply_empty(call);
}
