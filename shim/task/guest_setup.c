// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest_setup.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "agent.pb-c.h"
#include "config/config.h"
#include "config/problem.h"
#include "guest.h"
#include "memory.h"
#include "network/network.h"
#include "rootfs/rootfs.h"
#include "storages.h"

/* Seconds of each call after the first. */
#define CALL_SECONDS 10
#define SEED_BYTES 64

struct guest_setup {
	char *id;
	char *hostname;
	bool sandbox_pidns;
	double boot_seconds;
	struct rootfs_storage *storages;
	size_t nr_storages;
	const struct network *network;
	struct agent *agent;
	struct agent_call *call;
	size_t next_step;
	size_t next_link;
	void (*done)(const struct failure *failure, void *context);
	void *context;
};

static void next(struct guest_setup *setup);

static void step_done(const struct failure *failure, const ProtobufCMessage *response,
		      void *context)
{
	struct guest_setup *setup = context;

	(void)response;
	setup->call = NULL;
	if (!failure) {
		next(setup);
		return;
	}
	setup->done(failure, setup->context);
	guest_setup_free(setup);
}

static void call(struct guest_setup *setup, const char *phase, const char *method,
		 const ProtobufCMessage *request, double seconds)
{
	setup->call = agent_call(setup->agent, phase, method, request, seconds, step_done, setup);
}

/* Each step starts one call, or returns false: nothing to do. */
static bool create_sandbox(struct guest_setup *setup)
{
	Grpc__CreateSandboxRequest request = GRPC__CREATE_SANDBOX_REQUEST__INIT;
	struct storages storages;

	storages_make(setup->storages, setup->nr_storages, &storages);
	request.hostname = setup->hostname;
	request.sandbox_id = setup->id;
	request.sandbox_pidns = setup->sandbox_pidns;
	request.storages = storages.messages;
	request.n_storages = storages.nr;
	call(setup, "boot of the guest", "CreateSandbox", &request.base, setup->boot_seconds);
	storages_done(&storages);
	return true;
}

static bool set_clock(struct guest_setup *setup)
{
	Grpc__SetGuestDateTimeRequest request = GRPC__SET_GUEST_DATE_TIME_REQUEST__INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	request.sec = now.tv_sec;
	request.usec = now.tv_nsec / 1000;
	call(setup, "clock of the guest", "SetGuestDateTime", &request.base, CALL_SECONDS);
	return true;
}

static bool seed_random(struct guest_setup *setup)
{
	Grpc__ReseedRandomDevRequest request = GRPC__RESEED_RANDOM_DEV_REQUEST__INIT;
	uint8_t seed[SEED_BYTES];

	if (getrandom(seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		return false;
	request.data.data = seed;
	request.data.len = sizeof(seed);
	call(setup, "entropy of the guest", "ReseedRandomDev", &request.base, CALL_SECONDS);
	return true;
}

static Types__IPFamily family_of(int family)
{
	return family == AF_INET6 ? TYPES__IPFAMILY__v6 : TYPES__IPFAMILY__v4;
}

/* One link a call; the step comes again until there is none left. */
static bool update_interface(struct guest_setup *setup)
{
	Grpc__UpdateInterfaceRequest request = GRPC__UPDATE_INTERFACE_REQUEST__INIT;
	Types__Interface interface = TYPES__INTERFACE__INIT;
	const struct network_link *link;
	Types__IPAddress *addresses, **list;
	char(*masks)[8];

	if (setup->next_link == network_nr_links(setup->network))
		return false;
	link = network_link(setup->network, setup->next_link++);
	setup->next_step--;
	addresses = must_calloc((link->nr_addresses + 1) * sizeof(*addresses));
	list = must_list(link->nr_addresses + 1);
	masks = must_calloc((link->nr_addresses + 1) * sizeof(*masks));
	for (size_t i = 0; i < link->nr_addresses; i++) {
		types__ipaddress__init(&addresses[i]);
		snprintf(masks[i], sizeof(masks[i]), "%u", link->addresses[i].prefix);
		addresses[i].family = family_of(link->addresses[i].family);
		addresses[i].address = link->addresses[i].address;
		addresses[i].mask = masks[i];
		list[i] = &addresses[i];
	}
	interface.device = interface.name = (char *)link->name;
	interface.mtu = link->mtu;
	interface.hwaddr = (char *)link->mac_text;
	interface.type = (char *)link->kind;
	interface.raw_flags = link->flags;
	interface.ipaddresses = list;
	interface.n_ipaddresses = link->nr_addresses;
	request.interface = &interface;
	call(setup, "network of the guest", "UpdateInterface", &request.base, CALL_SECONDS);
	free(masks);
	free(list);
	free(addresses);
	return true;
}

static void fill_route(const struct network_route *from, Types__Route *to)
{
	types__route__init(to);
	to->dest = (char *)from->destination;
	to->gateway = (char *)from->gateway;
	to->device = (char *)from->device;
	to->source = (char *)from->source;
	to->scope = from->scope;
	to->family = family_of(from->family);
	to->flags = from->flags;
	to->mtu = from->mtu;
	to->metric = from->metric;
}

static bool update_routes(struct guest_setup *setup)
{
	Grpc__UpdateRoutesRequest request = GRPC__UPDATE_ROUTES_REQUEST__INIT;
	Grpc__Routes routes = GRPC__ROUTES__INIT;
	size_t nr = network_nr_routes(setup->network);
	Types__Route *messages, **list;

	if (!nr)
		return false;
	messages = must_calloc(nr * sizeof(*messages));
	list = must_list(nr);
	for (size_t i = 0; i < nr; i++) {
		fill_route(network_route(setup->network, i), &messages[i]);
		list[i] = &messages[i];
	}
	routes.routes = list;
	routes.n_routes = nr;
	request.routes = &routes;
	call(setup, "routes of the guest", "UpdateRoutes", &request.base, CALL_SECONDS);
	free(list);
	free(messages);
	return true;
}

struct neighbour {
	Types__ARPNeighbor message;
	Types__IPAddress address;
};

static void fill_neighbour(const struct network_neighbour *from, struct neighbour *to)
{
	types__arpneighbor__init(&to->message);
	types__ipaddress__init(&to->address);
	to->address.family = family_of(from->family);
	to->address.address = (char *)from->address;
	to->message.toipaddress = &to->address;
	to->message.device = (char *)from->device;
	to->message.lladdr = (char *)from->mac;
	to->message.state = (int32_t)from->state;
	to->message.flags = (int32_t)from->flags;
}

static bool add_neighbours(struct guest_setup *setup)
{
	Grpc__AddARPNeighborsRequest request = GRPC__ADD_ARPNEIGHBORS_REQUEST__INIT;
	Grpc__ARPNeighbors neighbours = GRPC__ARPNEIGHBORS__INIT;
	size_t nr = network_nr_neighbours(setup->network);
	Types__ARPNeighbor **list;
	struct neighbour *all;

	if (!nr)
		return false;
	all = must_calloc(nr * sizeof(*all));
	list = must_list(nr);
	for (size_t i = 0; i < nr; i++) {
		fill_neighbour(network_neighbour(setup->network, i), &all[i]);
		list[i] = &all[i].message;
	}
	neighbours.arpneighbors = list;
	neighbours.n_arpneighbors = nr;
	request.neighbors = &neighbours;
	call(setup, "neighbours of the guest", "AddARPNeighbors", &request.base, CALL_SECONDS);
	free(list);
	free(all);
	return true;
}

static bool (*const steps[])(struct guest_setup *setup) = {
	create_sandbox, set_clock, seed_random, update_interface, update_routes, add_neighbours,
};

static void next(struct guest_setup *setup)
{
	while (setup->next_step < sizeof(steps) / sizeof(steps[0]))
		if (steps[setup->next_step++](setup))
			return;
	setup->done(NULL, setup->context);
	guest_setup_free(setup);
}

int guest_setup_new(const struct guest_options *options, const struct network *network,
		    struct guest_setup **ret_setup, struct problem *problem)
{
	struct guest_setup *setup = must_calloc(sizeof(*setup));
	int r;

	*setup = (struct guest_setup){
		.id = must_strdup(options->id),
		/* Without a name people would see "(none)". */
		.hostname = strndup(*options->hostname ? options->hostname : options->id,
				    HOST_NAME_MAX),
		.sandbox_pidns = options->sandbox_pidns,
		.boot_seconds = options->config->dial_timeout,
		.network = network,
	};
	r = rootfs_sandbox_storages(options->config, 0, &setup->storages, &setup->nr_storages);
	if (r < 0) {
		guest_setup_free(setup);
		return problem_set(problem, r, "storages of the sandbox: %s", strerror(-r));
	}
	*ret_setup = setup;
	return 0;
}

void guest_setup_run(struct guest_setup *setup, struct agent *agent,
		     void (*done)(const struct failure *failure, void *context), void *context)
{
	setup->agent = agent;
	setup->done = done;
	setup->context = context;
	next(setup);
}

struct guest_setup *guest_setup_free(struct guest_setup *setup)
{
	if (!setup)
		return NULL;
	agent_cancel(setup->call);
	rootfs_free_storages(setup->storages, setup->nr_storages);
	free(setup->hostname);
	free(setup->id);
	free(setup);
	return NULL;
}
