// SPDX-License-Identifier: GPL-2.0-or-later
#include "network.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "namespace.h"
#include "network_private.h"

/* The entry of linux.namespaces with "type": "network"; NULL: none. */
static struct json_object *find_entry(struct json_object *spec)
{
	struct json_object *part, *list, *type;

	if (!json_object_object_get_ex(spec, "linux", &part) ||
	    !json_object_object_get_ex(part, "namespaces", &list) ||
	    !json_object_is_type(list, json_type_array))
		return NULL;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *entry = json_object_array_get_idx(list, i);

		if (json_object_object_get_ex(entry, "type", &type) &&
		    json_object_is_type(type, json_type_string) &&
		    !strcmp(json_object_get_string(type), "network"))
			return entry;
	}
	return NULL;
}

int network_find_namespace(struct json_object *spec, char **ret, struct problem *problem)
{
	struct json_object *entry = find_entry(spec), *path;
	char *copy = NULL;

	if (!entry)
		return problem_set(
			problem, -EOPNOTSUPP,
			"config.json has no network namespace: the container wants the host's "
			"network, which a guest cannot have; run it without host networking");
	if (json_object_object_get_ex(entry, "path", &path) && path) {
		if (!json_object_is_type(path, json_type_string))
			return problem_set(
				problem, -EINVAL,
				"config.json: path of the network namespace is no string");
		if (json_object_get_string_len(path)) {
			copy = strdup(json_object_get_string(path));
			if (!copy)
				return -ENOMEM;
		}
	}
	*ret = copy;
	return 0;
}

static int read_all(struct network *network, struct problem *problem)
{
	int r = network_read_links(network, problem);

	if (r < 0)
		return r;
	r = network_read_addresses(network);
	if (r == 0)
		r = network_read_routes(network);
	if (r == 0)
		r = network_read_neighbours(network);
	if (r == -EOPNOTSUPP)
		return problem_set(
			problem, r,
			"network namespace %s: routes over several gateways cannot be carried "
			"into a guest",
			network->netns);
	if (r < 0)
		return problem_set(problem, r, "network namespace %s: cannot read it: %s",
				   network->netns, strerror(-r));
	return 0;
}

static int connect_link(struct network *network, size_t i,
			struct problem *problem)
{
	struct network_link *link = &network->links[i];
	char name[NETWORK_NAME_SIZE];
	int index, r;

	snprintf(name, sizeof(name), TAP_NAME, network->indexes[i]);
	r = tap_open(name, link->mtu, &link->tap, &index);
	if (r == -EBUSY)
		return problem_set(
			problem, r,
			"the network namespace %s belongs to another guest already: containers "
			"share a network only in one sandbox",
			network->netns);
	if (r < 0)
		return problem_set(problem, r, "cannot make the tap %s in %s: %s", name,
				   network->netns, strerror(-r));
	network->is_connected[i] = true;
	r = redirect_set(network->indexes[i], index);
	if (r == 0)
		r = redirect_set(index, network->indexes[i]);
	if (r < 0)
		return problem_set(
			problem, r, "cannot redirect between %s and %s in %s: %s%s", link->name,
			name, network->netns, strerror(-r),
			r == -ENOENT || r == -EOPNOTSUPP ?
				"; the kernel needs sch_ingress, cls_u32 and act_mirred" :
				"");
	return 0;
}

static int connect_all(struct network *network, struct problem *problem)
{
	int r = read_all(network, problem);

	for (size_t i = 0; r == 0 && i < network->nr_links; i++)
		r = connect_link(network, i, problem);
	return r;
}

/* Of taps they go away with the taps. */
static int disconnect_all(struct network *network, struct problem *problem)
{
	(void)problem;
	for (size_t i = 0; i < network->nr_links; i++)
		if (network->is_connected[i])
			redirect_remove(network->indexes[i]);
	return 0;
}

/* In the namespace, and back. */
static int visit(struct network *network, struct problem *problem,
		 int (*there)(struct network *network, struct problem *problem))
{
	struct visit home;
	int r = namespace_enter(&home, network->netns, problem);

	if (r < 0)
		return r;
	r = there(network, problem);
	namespace_leave(&home);
	return r;
}

int network_open(const char *netns, struct network **ret, struct problem *problem)
{
	struct network *network = calloc(1, sizeof(*network));
	int r = 0;

	if (!network)
		return -ENOMEM;
	if (netns) {
		network->netns = strdup(netns);
		r = network->netns ? visit(network, problem, connect_all) : -ENOMEM;
	}
	if (r < 0) {
		network_close(network);
		return r;
	}
	*ret = network;
	return 0;
}

size_t network_nr_links(const struct network *network)
{
	return network->nr_links;
}

const struct network_link *network_link(const struct network *network, size_t index)
{
	return &network->links[index];
}

size_t network_nr_routes(const struct network *network)
{
	return network->nr_routes;
}

const struct network_route *network_route(const struct network *network, size_t index)
{
	return &network->routes[index];
}

size_t network_nr_neighbours(const struct network *network)
{
	return network->nr_neighbours;
}

const struct network_neighbour *network_neighbour(const struct network *network, size_t index)
{
	return &network->neighbours[index];
}

void network_close_taps(struct network *network)
{
	for (size_t i = 0; i < network->nr_links; i++) {
		close_fd(network->links[i].tap);
		network->links[i].tap = -1;
	}
}

struct network *network_close(struct network *network)
{
	if (!network)
		return NULL;
	network_close_taps(network);
	if (network->nr_links)
		visit(network, NULL, disconnect_all);
	for (size_t i = 0; i < network->nr_links; i++)
		free(network->links[i].addresses);
	free(network->routes);
	free(network->neighbours);
	free(network->netns);
	free(network);
	return NULL;
}
