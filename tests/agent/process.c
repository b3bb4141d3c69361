// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "oci/oci.h"
#include "process.h"

static size_t on_received(struct stream *stream, const void *data, size_t size)
{
	struct process *process = stream_context(stream);

	process->dropped += size;
	if (!process->keep)
		return size;
	process->output = realloc(process->output, process->size + size + 1);
	memcpy(process->output + process->size, data, size);
	process->size += size;
	process->output[process->size] = '\0';
	return size;
}

static void check_over(struct process *process)
{
	process->is_over = process->has_exited && process->ended[1] &&
			   process->ended[2];
}

static void on_ended(struct stream *stream, int error)
{
	struct process *process = stream_context(stream);

	(void)error;
	for (int i = 0; i < 3; i++)
		process->ended[i] |= process->streams[i] == stream;
	check_over(process);
}

static const struct stream_handlers handlers = { .received = on_received,
						 .ended = on_ended };

static void open_streams(struct process *process,
			 const struct container_options *options)
{
	static uint32_t number;

	process->keep = !options->drop_output;
	process->output = calloc(1, 1);
	for (int i = 0; i < 3; i++) {
		process->ended[i] = i == 0 ? !options->with_stdin :
					     i == 2 && options->terminal;
		if (process->ended[i])
			continue;
		process->numbers[i] = ++number;
		stream_open(process->guest->mux, number, i ? STREAM_WINDOW : 0,
			    &handlers, process, &process->streams[i]);
		if (i)
			stream_finish(process->streams[i]);
	}
}

void process_free(struct process *process)
{
	for (int i = 0; i < 3; i++)
		stream_close(process->streams[i], 0);
	free(process->output);
	memset(process, 0, sizeof(*process));
}

static enum ttrpc_code call_empty(struct guest *guest, const char *method,
				  const void *request)
{
	ProtobufCMessage *response;
	enum ttrpc_code code;

	response = guest_call(guest, method, request, &code);
	if (response)
		protobuf_c_message_free_unpacked(response, NULL);
	return code;
}

static void write_process(char *to, size_t size, const char *command,
			  bool terminal)
{
	snprintf(
		to, size,
		"{\"terminal\":%s,\"user\":{},\"cwd\":\"/\",\"env\":[\"PATH=/bin\",\"TERM=vt100\"],"
		"\"args\":[%s%s%s]}",
		terminal ? "true" : "false",
		command ? "\"sh\",\"-c\",\"" : "\"nosuch",
		command ? command : "", "\"");
}

static Grpc__Spec *make_spec(const char *command,
			     const struct container_options *options)
{
	char process[2048], text[8192];
	struct oci_report report;
	Grpc__Spec *spec = NULL;

	write_process(process, sizeof(process), command, options->terminal);
	snprintf(
		text, sizeof(text),
		"{\"ociVersion\":\"1.2.0\",\"process\":%s,\"root\":{\"path\":\"%s\"},"
		"\"hostname\":\"%s\",\"mounts\":["
		"{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},"
		"{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\"},"
		"{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\"},"
		"{\"destination\":\"/sys\",\"type\":\"sysfs\",\"source\":\"sysfs\","
		"\"options\":[\"ro\"]},{\"destination\":\"/sys/fs/cgroup\","
		"\"type\":\"cgroup\",\"source\":\"cgroup\",\"options\":[\"ro\"]}%s],"
		"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},"
		"{\"type\":\"uts\"},{\"type\":\"ipc\"},{\"type\":\"network\"},"
		"{\"type\":\"cgroup\"}]%s}}",
		process,
		options->disk_root ? options->disk_root :
		options->root	   ? options->root :
				     "/run/share/rootfs",
		options->hostname ? options->hostname : "",
		options->sees_guest ?
			",{\"destination\":\"/guest\",\"type\":\"bind\","
			"\"source\":\"/\",\"options\":[\"rbind\"]}" :
			"",
		options->more ? options->more : "");
	if (oci_spec_from_json(text, strlen(text), &report, &spec) < 0)
		fprintf(stderr, "%s\n%s\n", report.error, text);
	oci_report_done(&report);
	return spec;
}

enum ttrpc_code container_create(struct process *process, struct guest *guest,
				 const char *id, const char *command,
				 const struct container_options *options)
{
	static const struct container_options none;
	Grpc__CreateContainerRequest request =
		GRPC__CREATE_CONTAINER_REQUEST__INIT;
	Grpc__Storage storage = GRPC__STORAGE__INIT, *storages[] = { &storage };
	enum ttrpc_code code;

	memset(process, 0, sizeof(*process));
	options = options ? options : &none;
	process->guest = guest;
	snprintf(process->container, sizeof(process->container), "%s", id);
	snprintf(process->id, sizeof(process->id), "%s", id);
	open_streams(process, options);
	request.container_id = (char *)id;
	request.oci = make_spec(command, options);
	request.sandbox_pidns = options->shares_pids;
	request.stdin_port = process->numbers[0];
	request.stdout_port = process->numbers[1];
	request.stderr_port = process->numbers[2];
	if (options->disk_root) {
		storage.driver = (char *)"blk";
		storage.source = (char *)"disk0";
		storage.fstype = (char *)"ext4";
		storage.mount_point = (char *)options->disk_root;
		request.storages = storages;
		request.n_storages = 1;
	}
	code = call_empty(guest, "CreateContainer", &request);
	grpc__spec__free_unpacked(request.oci, NULL);
	return code;
}

enum ttrpc_code container_exec(struct process *process, struct guest *guest,
			       const char *container, const char *id,
			       const char *command,
			       const struct container_options *options)
{
	static const struct container_options none;
	Grpc__ExecProcessRequest request = GRPC__EXEC_PROCESS_REQUEST__INIT;
	struct oci_report report;
	enum ttrpc_code code;
	char text[2048];

	memset(process, 0, sizeof(*process));
	options = options ? options : &none;
	process->guest = guest;
	snprintf(process->container, sizeof(process->container), "%s",
		 container);
	snprintf(process->id, sizeof(process->id), "%s", id);
	open_streams(process, options);
	write_process(text, sizeof(text), command, options->terminal);
	request.container_id = (char *)container;
	request.exec_id = (char *)id;
	request.stdin_port = process->numbers[0];
	request.stdout_port = process->numbers[1];
	request.stderr_port = process->numbers[2];
	if (oci_process_from_json(text, strlen(text), &report,
				  &request.process) < 0)
		fprintf(stderr, "%s\n", report.error);
	code = call_empty(guest, "ExecProcess", &request);
	grpc__process__free_unpacked(request.process, NULL);
	oci_report_done(&report);
	return code;
}

enum ttrpc_code container_start(struct process *process)
{
	Grpc__StartContainerRequest request =
		GRPC__START_CONTAINER_REQUEST__INIT;

	request.container_id = process->container;
	return call_empty(process->guest, "StartContainer", &request);
}

enum ttrpc_code container_remove(struct process *process)
{
	Grpc__RemoveContainerRequest request =
		GRPC__REMOVE_CONTAINER_REQUEST__INIT;

	request.container_id = process->container;
	return call_empty(process->guest, "RemoveContainer", &request);
}

static void on_exited(struct ttrpc_result *result, void *context)
{
	struct process *process = context;

	process->has_exited = true;
	process->exit_code =
		result->code == TTRPC_OK ?
			((Grpc__WaitProcessResponse *)result->response)->status :
			-(int)result->code;
	check_over(process);
}

int process_wait(struct process *process, double seconds)
{
	Grpc__WaitProcessRequest request = GRPC__WAIT_PROCESS_REQUEST__INIT;
	struct ttrpc_pending *pending = NULL;

	request.container_id = process->container;
	request.exec_id = process->id;
	if (ttrpc_client_call(process->guest->client,
			      &grpc__agent_service__descriptor, NULL,
			      "WaitProcess", &request.base, 0., NULL, on_exited,
			      process, &pending) < 0)
		return -1;
	if (guest_run(process->guest, &process->is_over, seconds))
		return process->exit_code;
	fprintf(stderr, "%s of %s: %s, ends of output %d %d, said: %.200s\n",
		process->id, process->container,
		process->has_exited ? "has ended" : "runs", process->ended[1],
		process->ended[2], process->output);
	if (!process->has_exited)
		ttrpc_client_cancel(pending);
	return -1;
}

int container_run(struct process *process, struct guest *guest, const char *id,
		  const char *command, const struct container_options *options)
{
	int exit_code;

	if (container_create(process, guest, id, command, options) ||
	    container_start(process))
		return -1;
	exit_code = process_wait(process, 60.);
	return container_remove(process) ? -1 : exit_code;
}

bool process_says(struct process *process, const char *text, double seconds)
{
	for (int waited = 0; waited < seconds * 1000; waited += 50) {
		if (strstr(process->output, text))
			return true;
		guest_run(process->guest, &(bool){ false }, 0.05);
	}
	return false;
}

enum ttrpc_code process_kill(struct process *process, const char *exec_id,
			     int signal)
{
	Grpc__SignalProcessRequest request = GRPC__SIGNAL_PROCESS_REQUEST__INIT;

	request.container_id = process->container;
	request.exec_id = (char *)exec_id;
	request.signal = signal;
	return call_empty(process->guest, "SignalProcess", &request);
}
