// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "cgroup.h"
#include "container.h"
#include "files.h"
#include "guest_spec.h"
#include "interface_stats.h"
#include "oci/oci.h"
#include "runtime.h"

struct update {
	struct ttrpc_call *call;
	char file[PATH_MAX];
};

static void on_updated(void *context, int error, const char *text)
{
	struct update *update = context;

	if (error)
		ttrpc_call_fail(update->call, TTRPC_UNKNOWN,
				"OCI runtime update failed: %s", text);
	else
		call_reply_empty(update->call);
	unlink(update->file);
	free(update);
}

static int start_update(struct container *container, struct ttrpc_call *call,
			const Grpc__LinuxResources *resources)
{
	static unsigned int number;
	struct update *update = calloc(1, sizeof(*update));
	char *text;
	int r;

	if (!update)
		return -ENOMEM;
	update->call = call;
	snprintf(update->file, sizeof(update->file), AGENT_RUN_DIR "/update-%u",
		 number++);
	r = oci_message_to_json(&resources->base, &text);
	if (r >= 0) {
		r = file_create(update->file, text, strlen(text), 0600);
		free(text);
	}
	if (r >= 0)
		r = runtime_update(container->agent, container->id,
				   update->file, on_updated, update);
	if (r < 0)
		free(update);
	return r;
}

CALL(call_update_container)
{
	Grpc__UpdateContainerRequest *own =
		(Grpc__UpdateContainerRequest *)ttrpc_call_take_request(call);
	struct container *container =
		call_find_container(call, context, own->container_id);
	int r = 0;

	(void)request;
	if (container && own->resources) {
		guest_spec_adapt_resources(own->resources);
		r = start_update(container, call, own->resources);
	} else if (container) {
		call_reply_empty(call);
	}
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "cannot update %s: %s",
				      own->container_id, strerror(-r));
	grpc__update_container_request__free_unpacked(own, NULL);
}

CALL(call_stats)
{
	const Grpc__StatsContainerRequest *wanted =
		(const Grpc__StatsContainerRequest *)request;
	struct container *container =
		call_find_container(call, context, wanted->container_id);
	Grpc__StatsContainerResponse *response;
	int r;

	if (!container)
		return;
	response = malloc(sizeof(*response));
	if (!response) {
		ttrpc_call_fail_errno(call, ENOMEM, "out of memory");
		return;
	}
	grpc__stats_container_response__init(response);
	r = cgroup_stats(container->cgroup, &response->cgroup_stats);
	if (r >= 0)
		r = interface_stats(&response->network_stats,
				    &response->n_network_stats);
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "cannot read what %s uses: %s",
				      container->id, strerror(-r));
	else
		ttrpc_call_reply(call, &response->base);
	grpc__stats_container_response__free_unpacked(response, NULL);
}

static void freeze(struct ttrpc_call *call, struct agent *agent, const char *id,
		   bool freeze)
{
	struct container *container = call_find_container(call, agent, id);
	int r;

	if (!container)
		return;
	r = cgroup_freeze(container->cgroup, freeze);
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "cannot %s container %s: %s",
				      freeze ? "pause" : "resume", id,
				      strerror(-r));
	else
		call_reply_empty(call);
}

CALL(call_pause)
{
	freeze(call, context,
	       ((const Grpc__PauseContainerRequest *)request)->container_id,
	       true);
}

CALL(call_resume)
{
	freeze(call, context,
	       ((const Grpc__ResumeContainerRequest *)request)->container_id,
	       false);
}
