// SPDX-License-Identifier: GPL-2.0-or-later
#include "ttrpc/clock.h"
#include "ttrpc/server_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *service_name(const struct ttrpc_service *service)
{
	return service->name ? service->name : service->descriptor->name;
}

const struct ttrpc_service *service_find(const struct ttrpc_server *server, const char *name)
{
	for (size_t i = 0; i < server->nr_services; i++)
		if (!strcmp(service_name(&server->services[i]), name))
			return &server->services[i];
	return NULL;
}

const struct ttrpc_method *method_find(const struct ttrpc_service *service, const char *name)
{
	for (const struct ttrpc_method *method = service->methods; method->name; method++)
		if (!strcmp(method->name, name))
			return method;
	return NULL;
}

const ProtobufCMethodDescriptor *method_descriptor(const struct ttrpc_service *service,
						   const char *name)
{
	return protobuf_c_service_descriptor_get_method_by_name(service->descriptor, name);
}

static int check_services(const struct ttrpc_service *services, size_t nr_services)
{
	for (size_t i = 0; i < nr_services; i++)
		for (const struct ttrpc_method *method = services[i].methods; method->name;
		     method++)
			if (!method_descriptor(&services[i], method->name))
				return -EINVAL;
	return 0;
}

int ttrpc_server_new(struct ev_loop *loop, const struct ttrpc_service *services,
		     size_t nr_services, struct ttrpc_server **ret_server)
{
	struct ttrpc_server *server;
	int r = check_services(services, nr_services);

	if (r < 0)
		return r;
	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->loop = loop;
	server->services = services;
	server->nr_services = nr_services;
	server->listener = -1;
	LIST_INIT(&server->peers);
	*ret_server = server;
	return 0;
}

void server_enter(struct ttrpc_server *server)
{
	server->busy++;
}

void server_leave(struct ttrpc_server *server)
{
	if (!--server->busy && server->freed && !server->nr_calls)
		free(server);
}

static void peer_close(struct peer *peer)
{
	struct ttrpc_server *server = peer->server;

	LIST_REMOVE(peer, entry);
	server->nr_peers--;
	connection_close(peer->connection);
	peer_cancel_calls(peer);
	free(peer);
}

static void on_frame(void *owner, const struct frame *frame)
{
	struct peer *peer = owner;
	struct ttrpc_server *server = peer->server;

	server_enter(server);
	peer_take_frame(peer, frame);
	server_leave(server);
}

static void on_lost(void *owner, int error)
{
	struct peer *peer = owner;
	struct ttrpc_server *server = peer->server;

	server_enter(server);
	peer_close(peer);
	if (!server->freed) {
		listener_watch(server);
		if (server->closed)
			server->closed(error, server->closed_context);
	}
	server_leave(server);
}

static const struct connection_ops ops = { .frame = on_frame, .lost = on_lost };

int ttrpc_server_add(struct ttrpc_server *server, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int r;

	if (!peer)
		return -ENOMEM;
	peer->server = server;
	LIST_INIT(&peer->calls);
	r = connection_new(server->loop, fd, &ops, peer, &peer->connection);
	if (r < 0) {
		free(peer);
		return r;
	}
	LIST_INSERT_HEAD(&server->peers, peer, entry);
	server->nr_peers++;
	return 0;
}

void ttrpc_server_on_closed(struct ttrpc_server *server,
			    void (*closed)(int error, void *context), void *context)
{
	server->closed = closed;
	server->closed_context = context;
}

void ttrpc_server_on_answered(struct ttrpc_server *server,
			      void (*answered)(const struct ttrpc_call *call, enum ttrpc_code code,
					       const char *message, void *context),
			      void *context)
{
	server->answered = answered;
	server->answered_context = context;
}

size_t ttrpc_server_pending(const struct ttrpc_server *server)
{
	return server->nr_calls;
}

/* All have the same deadline. */
static int wait_for_peers(struct ttrpc_server *server, double seconds,
			  int (*wait)(struct connection *connection, double deadline))
{
	double deadline = clock_seconds() + seconds;
	struct peer *peer;
	int worst = 0;

	LIST_FOREACH(peer, &server->peers, entry) {
		int r = wait(peer->connection, deadline);

		if (r < 0)
			worst = r;
	}
	return worst;
}

int ttrpc_server_flush(struct ttrpc_server *server, double seconds)
{
	return wait_for_peers(server, seconds, connection_flush);
}

int ttrpc_server_linger(struct ttrpc_server *server, double seconds)
{
	return wait_for_peers(server, seconds, connection_linger);
}

void ttrpc_server_free(struct ttrpc_server *server)
{
	if (!server || server->freed)
		return;
	server_enter(server);
	server->freed = true;
	listener_close(server);
	while (!LIST_EMPTY(&server->peers))
		peer_close(LIST_FIRST(&server->peers));
	server_leave(server);
}
