// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What containerd and its shim for runc once said to each other
 * (tests/fuzz/record-ttrpc): our server and our client understand all of it.
 */
#include "ttrpc_raw.h"

#include <dirent.h>
#include <stdio.h>

#include "containerd/events.pb-c.h"
#include "containerd/task.pb-c.h"
#include "containerd/task_events.pb-c.h"
#include "protocols/any.h"

#define CORPUS	"tests/fuzz/corpus/"

static struct ev_loop *loop;
static unsigned int nr_handled;
static unsigned int nr_failed, nr_succeeded, nr_unavailable;
static char seen[4096];

/* Bytes, of exactly their size, for free(). */
static uint8_t *read_seed(const char *folder, const char *name, size_t *ret_size)
{
	char path[512];
	uint8_t *bytes;
	FILE *file;

	snprintf(path, sizeof(path), CORPUS "%s/%s", folder, name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*ret_size);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	fclose(file);
	return bytes;
}

static unsigned int for_each_seed(const char *folder,
				  void (*check)(const uint8_t *bytes, size_t size))
{
	struct dirent *entry;
	unsigned int nr = 0;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), CORPUS "%s", folder);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		uint8_t *bytes;
		size_t size;

		if (strncmp(entry->d_name, "containerd-", 11))
			continue;
		bytes = read_seed(folder, entry->d_name, &size);
		check(bytes, size);
		free(bytes);
		nr++;
	}
	closedir(dir);
	return nr;
}

static uint32_t length_of(const uint8_t *frame)
{
	uint32_t length;

	memcpy(&length, frame, sizeof(length));
	return be32toh(length);
}

static unsigned int count_frames(const uint8_t *bytes, size_t size)
{
	unsigned int nr = 0;
	size_t at = 0;

	while (at < size) {
		at += RAW_HEADER + length_of(bytes + at);
		nr++;
	}
	assert_int_equal(at, size);
	return nr;
}

/* What our decoder dropped would be missing when it is encoded again. */
static void assert_nothing_lost(const ProtobufCMessage *message)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	ProtobufCMessage *again;
	uint8_t *bytes = malloc(size + 1);

	assert_non_null(bytes);
	assert_int_equal(message->n_unknown_fields, 0);
	protobuf_c_message_pack(message, bytes);
	again = protobuf_c_message_unpack(message->descriptor, NULL, size, bytes);
	assert_non_null(again);
	protobuf_c_message_free_unpacked(again, NULL);
	free(bytes);
}

static void check_event(const Containerd__Services__Events__Ttrpc__V1__ForwardRequest *request)
{
	static const ProtobufCMessageDescriptor *const types[] = {
		&containerd__events__task_create__descriptor,
		&containerd__events__task_start__descriptor,
		&containerd__events__task_exit__descriptor,
		&containerd__events__task_delete__descriptor,
		&containerd__events__task_exec_added__descriptor,
		&containerd__events__task_exec_started__descriptor,
		&containerd__events__task_paused__descriptor,
		&containerd__events__task_resumed__descriptor,
	};
	ProtobufCMessage *event = NULL;

	assert_string_equal(request->envelope->namespace_, "record");
	assert_true(request->envelope->timestamp->seconds > 1600000000);
	for (size_t i = 0; !event && i < sizeof(types) / sizeof(types[0]); i++)
		if (any_is(request->envelope->event, types[i]->name))
			assert_int_equal(any_unpack(request->envelope->event, types[i], &event), 0);
	assert_non_null(event);
	assert_nothing_lost(event);
	strcat(seen, request->envelope->topic);
	strcat(seen, " ");
	protobuf_c_message_free_unpacked(event, NULL);
}

static void handle(struct ttrpc_call *call, const ProtobufCMessage *request, void *context)
{
	const char *namespace = ttrpc_call_metadata(call, "containerd-namespace-ttrpc");

	(void)context;
	assert_nothing_lost(request);
	/* The shim always says which namespace; containerd 1.6 when it connects again. */
	if (namespace || !strcmp(ttrpc_call_method(call), "Forward"))
		assert_string_equal(namespace, "record");
	if (!strcmp(ttrpc_call_method(call), "Forward")) {
		check_event((const void *)request);
	} else {
		strcat(seen, ttrpc_call_method(call));
		strcat(seen, " ");
	}
	nr_handled++;
	ttrpc_call_fail(call, TTRPC_ABORTED, "recorded");
}

static void fill_methods(struct ttrpc_method *methods, const ProtobufCServiceDescriptor *service)
{
	for (unsigned int i = 0; i < service->n_methods; i++)
		methods[i] = (struct ttrpc_method){ service->methods[i].name, handle };
}

static void check_requests(const uint8_t *bytes, size_t size)
{
	struct ttrpc_method task[32] = { 0 }, events[8] = { 0 };
	const struct ttrpc_service services[] = {
		{ &containerd__task__v2__task__descriptor, NULL, task, NULL },
		{ &containerd__services__events__ttrpc__v1__events__descriptor, NULL, events, NULL },
	};
	struct ttrpc_server *server;
	unsigned int nr = count_frames(bytes, size), before = nr_handled;
	int ends[2];

	fill_methods(task, services[0].descriptor);
	fill_methods(events, services[1].descriptor);
	raw_pair(ends);
	assert_int_equal(ttrpc_server_new(loop, services, 2, &server), 0);
	assert_int_equal(ttrpc_server_add(server, ends[0]), 0);
	seen[0] = 0;
	raw_write(loop, ends[1], bytes, size);
	UNTIL(nr_handled - before == nr);
	for (unsigned int i = 0; i < nr; i++) {
		/* Each has reached its handler: refusals have other codes. */
		struct raw_frame frame = raw_receive(loop, ends[1]);
		Ttrpc__Response *response =
			ttrpc__response__unpack(NULL, frame.length, frame.data);

		assert_int_equal(response->status->code, TTRPC_ABORTED);
		ttrpc__response__free_unpacked(response, NULL);
		free(frame.data);
	}
	assert_true(raw_is_silent(loop, ends[1]));
	ttrpc_server_free(server);
	close(ends[1]);
}

static void requests_are_understood(void **state)
{
	(void)state;
	assert_true(for_each_seed("ttrpc_server", check_requests) >= 8);
	assert_true(nr_handled > 180);
}

/* As in containerd's documents, and what our shim has to do the same. */
static void the_order_of_events_is_known(void **state)
{
	static const char *const seeds[] = { "containerd-1.6-events-0", "containerd-1.7-events-0" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		size_t size;
		uint8_t *bytes = read_seed("ttrpc_server", seeds[i], &size);

		check_requests(bytes, size);
		assert_ptr_equal(strstr(seen, "/tasks/create /tasks/start /tasks/exec-added "
					      "/tasks/exec-started /tasks/exit "),
				 seen);
		free(bytes);
	}
}

static void on_done(struct ttrpc_result *result, void *context)
{
	(void)context;
	if (result->code == TTRPC_OK) {
		assert_nothing_lost(result->response);
		nr_succeeded++;
	} else if (result->code == TTRPC_UNAVAILABLE) {
		nr_unavailable++;
	} else {
		assert_true(strlen(result->message) > 0);
		nr_failed++;
	}
}

static void call(struct ttrpc_client *client, const uint8_t *choice)
{
	static const ProtobufCServiceDescriptor *const services[] = {
		&containerd__task__v2__task__descriptor,
		&containerd__services__events__ttrpc__v1__events__descriptor,
	};
	const ProtobufCServiceDescriptor *service = services[choice[0]];
	const ProtobufCMethodDescriptor *method = &service->methods[choice[1]];
	ProtobufCMessage *request = malloc(method->input->sizeof_message);

	assert_non_null(request);
	protobuf_c_message_init(method->input, request);
	assert_int_equal(ttrpc_client_call(client, service, NULL, method->name, request, 0, NULL,
					   on_done, NULL, NULL),
			 0);
	free(request);
}

/* First byte: how many calls; service and method of each; then their answers. */
static void check_responses(const uint8_t *bytes, size_t size)
{
	unsigned int before = nr_succeeded + nr_failed;
	struct ttrpc_client *client;
	size_t nr = bytes[0];
	int ends[2];

	assert_int_equal(count_frames(bytes + 1 + 2 * nr, size - 1 - 2 * nr), nr);
	raw_pair(ends);
	assert_int_equal(ttrpc_client_new(loop, ends[0], &client), 0);
	for (size_t i = 0; i < nr; i++)
		call(client, bytes + 1 + 2 * i);
	raw_write(loop, ends[1], bytes + 1 + 2 * nr, size - 1 - 2 * nr);
	UNTIL(nr_succeeded + nr_failed - before == nr);
	ttrpc_client_free(client);
	close(ends[1]);
}

static void responses_are_understood(void **state)
{
	(void)state;
	assert_true(for_each_seed("ttrpc_client", check_responses) >= 8);
	assert_true(nr_succeeded > 150);
	/* A program that is not there, no criu, a container that is dead. */
	assert_in_range(nr_failed, 6, 30);
	assert_int_equal(nr_unavailable, 0);
}

static int start(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	return !loop;
}

static int stop(void **state)
{
	(void)state;
	ev_loop_destroy(loop);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_understood),
		cmocka_unit_test(the_order_of_events_is_known),
		cmocka_unit_test(responses_are_understood),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
