// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes from a client, to a server with the services of the shim and
 * of the agent. A seed is what containerd sent over a connection.
 */
#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "containerd/events.pb-c.h"
#include "containerd/task.pb-c.h"
#include "sandbox.pb-c.h"
#include "ttrpc.pb-c.h"
#include "ttrpc/ttrpc.h"

#define MAX_METHODS	64
#define HEADER		10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct ev_loop *loop;
static struct ttrpc_method methods[4][MAX_METHODS];
static struct ttrpc_service services[5];
static struct ttrpc_call *kept[TTRPC_MAX_CALLS];
static size_t nr_kept;
static size_t nr_calls, nr_answers;
static uint8_t answers[1 << 20];
static size_t nr_bytes;

static const ProtobufCServiceDescriptor *service_of(struct ttrpc_call *call)
{
	for (size_t i = 0; i < 5; i++) {
		const char *name = services[i].name ? services[i].name :
						      services[i].descriptor->name;

		if (!strcmp(name, ttrpc_call_service(call)))
			return services[i].descriptor;
	}
	abort();
}

static void reply(struct ttrpc_call *call)
{
	const ProtobufCMethodDescriptor *method = protobuf_c_service_descriptor_get_method_by_name(
		service_of(call), ttrpc_call_method(call));
	ProtobufCMessage *response = malloc(method->output->sizeof_message);

	if (!response)
		abort();
	protobuf_c_message_init(method->output, response);
	ttrpc_call_reply(call, response);
	free(response);
}

/* Whatever was decoded can be encoded; some answers come at once, some later. */
static void handle(struct ttrpc_call *call, const ProtobufCMessage *request, void *context)
{
	size_t size = protobuf_c_message_get_packed_size(request);
	uint8_t *copy = malloc(size + 1);

	(void)context;
	if (!copy || protobuf_c_message_pack(request, copy) != size)
		abort();
	nr_calls++;
	ttrpc_call_metadata(call, "containerd-namespace-ttrpc");
	if (size % 3 == 0 && nr_kept < TTRPC_MAX_CALLS)
		kept[nr_kept++] = call;
	else if (size % 3 == 1)
		ttrpc_call_fail(call, copy[0] % 18, "%.*s", (int)size, (char *)copy);
	else
		reply(call);
	free(copy);
}

static void fill(size_t number, const ProtobufCServiceDescriptor *descriptor, const char *name,
		 size_t table)
{
	for (unsigned int i = 0; i < descriptor->n_methods && i < MAX_METHODS - 1; i++)
		methods[table][i] = (struct ttrpc_method){ descriptor->methods[i].name, handle };
	services[number] = (struct ttrpc_service){ descriptor, name, methods[table], NULL };
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fill(0, &containerd__task__v2__task__descriptor, NULL, 0);
	fill(1, &containerd__task__v2__task__descriptor, "containerd.task.v3.Task", 0);
	fill(2, &containerd__services__events__ttrpc__v1__events__descriptor, NULL, 1);
	fill(3, &containerd__runtime__sandbox__v1__sandbox__descriptor, NULL, 2);
	fill(4, &grpc__agent_service__descriptor, NULL, 3);
	loop = ev_loop_new(EVBACKEND_POLL);
	return 0;
}

static void take_answers(int fd)
{
	ssize_t part;

	while ((part = recv(fd, answers + nr_bytes, sizeof(answers) - nr_bytes, MSG_DONTWAIT)) > 0)
		nr_bytes += (size_t)part;
}

/* What a server says is always whole and sound. */
static void check_answers(void)
{
	size_t at = 0;

	while (at < nr_bytes) {
		Ttrpc__Response *response;
		uint32_t length;

		if (nr_bytes - at < HEADER)
			abort();
		memcpy(&length, answers + at, sizeof(length));
		length = be32toh(length);
		if (answers[at + 8] != 2 || length > nr_bytes - at - HEADER)
			abort();
		response = ttrpc__response__unpack(NULL, length, answers + at + HEADER);
		if (!response)
			abort();
		ttrpc__response__free_unpacked(response, NULL);
		nr_answers++;
		at += HEADER + length;
	}
}

static void turn(int fd)
{
	ev_run(loop, EVRUN_NOWAIT);
	take_answers(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ttrpc_server *server;
	int ends[2];

	nr_calls = nr_answers = nr_bytes = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || ttrpc_server_new(loop, services, 5, &server) ||
	    ttrpc_server_add(server, ends[0]))
		abort();
	while (size) {
		ssize_t part = send(ends[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (part < 0 && errno != EAGAIN)
			abort();
		data += part > 0 ? part : 0;
		size -= part > 0 ? (size_t)part : 0;
		turn(ends[1]);
	}
	turn(ends[1]);
	turn(ends[1]);
	/* A third answered now, a third after the peer, the rest after the server. */
	for (size_t third = 0; third < 3; third++) {
		for (size_t i = third; i < nr_kept; i += 3)
			reply(kept[i]);
		turn(ends[1]);
		if (third == 0)
			shutdown(ends[1], SHUT_WR);
		turn(ends[1]);
		if (third == 1)
			ttrpc_server_free(server);
	}
	nr_kept = 0;
	if (nr_bytes < sizeof(answers)) {
		check_answers();
		if (nr_answers < nr_calls / 3)
			abort();
	}
	close(ends[1]);
	return 0;
}
