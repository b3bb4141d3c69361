// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libFuzzer: any bytes from a server, to a client with calls that wait. First byte:
 * how many; then service and method of each; the rest is what comes.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "containerd/events.pb-c.h"
#include "containerd/task.pb-c.h"
#include "ttrpc/ttrpc.h"

#define MAX_CALLS	256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const ProtobufCServiceDescriptor *const services[] = {
	&containerd__task__v2__task__descriptor,
	&containerd__services__events__ttrpc__v1__events__descriptor,
	&grpc__agent_service__descriptor,
};
#define NR_SERVICES	(sizeof(services) / sizeof(services[0]))

static struct ev_loop *loop;
static unsigned int times[MAX_CALLS];

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	loop = ev_loop_new(EVBACKEND_POLL);
	return 0;
}

static void on_done(struct ttrpc_result *result, void *context)
{
	unsigned int *count = context;
	uint8_t *copy;
	size_t size;

	++*count;
	if (!result->message || !result->response != (result->code != TTRPC_OK))
		abort();
	if (!result->response)
		return;
	size = protobuf_c_message_get_packed_size(result->response);
	copy = malloc(size + 1);
	if (!copy || protobuf_c_message_pack(result->response, copy) != size)
		abort();
	free(copy);
}

static void call(struct ttrpc_client *client, const uint8_t *choice, size_t number)
{
	const ProtobufCServiceDescriptor *service = services[choice[0] % NR_SERVICES];
	const ProtobufCMethodDescriptor *method = &service->methods[choice[1] % service->n_methods];
	ProtobufCMessage *request = malloc(method->input->sizeof_message);

	if (!request)
		abort();
	protobuf_c_message_init(method->input, request);
	if (ttrpc_client_call(client, service, NULL, method->name, request, number % 2 ? 60 : 0,
			      NULL, on_done, &times[number], NULL))
		abort();
	free(request);
}

static void feed(int fd, const uint8_t *data, size_t size)
{
	static uint8_t requests[1 << 16];

	while (size) {
		ssize_t part = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (part < 0 && errno != EAGAIN)
			abort();
		data += part > 0 ? part : 0;
		size -= part > 0 ? (size_t)part : 0;
		ev_run(loop, EVRUN_NOWAIT);
		while (recv(fd, requests, sizeof(requests), MSG_DONTWAIT) > 0)
			;
	}
	ev_run(loop, EVRUN_NOWAIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t nr = size ? data[0] : 0;
	struct ttrpc_client *client;
	int ends[2];

	if (!size || size < 1 + 2 * nr)
		return -1;
	memset(times, 0, sizeof(times));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || ttrpc_client_new(loop, ends[0], &client))
		abort();
	for (size_t i = 0; i < nr; i++)
		call(client, data + 1 + 2 * i, i);
	feed(ends[1], data + 1 + 2 * nr, size - 1 - 2 * nr);
	/* The rest ends with the connection, or with the client. */
	if (size % 2) {
		close(ends[1]);
		ev_run(loop, EVRUN_NOWAIT);
		ev_run(loop, EVRUN_NOWAIT);
		if (ttrpc_client_pending(client))
			abort();
	}
	ttrpc_client_free(client);
	if (size % 2 == 0)
		close(ends[1]);
	/* Each call has had exactly one end. */
	for (size_t i = 0; i < nr; i++)
		if (times[i] != 1)
			abort();
	return 0;
}
