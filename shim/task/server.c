// SPDX-License-Identifier: GPL-2.0-or-later
#include "server.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "address.h"
#include "cgroup/cgroup.h"
#include "config/config.h"
#include "config/problem.h"
#include "container.h"
#include "containerd/task.pb-c.h"
#include "events/publisher.h"
#include "guest.h"
#include "memory.h"
#include "options.h"
#include "protocols/any.h"
#include "sandbox_service.h"
#include "shim.h"
#include "shim_guest.h"
#include "shim_log.h"
#include "state.h"
#include "task.h"

/*
 * Seconds without a container. containerd creates one, or asks for Shutdown, at
 * once; but one that was killed in between may not know of us.
 */
#define IDLE_SECONDS 60.

/* Seconds for the last events, and for the last answer. */
#define DRAIN_SECONDS 5
#define FLUSH_SECONDS 1
/* For who asked for the end of a sandbox to hear the answer before the connection ends. */
#define LINGER_SECONDS 1

/* What only this file knows of. */
struct server {
	struct shim shim;
	struct ttrpc_service services[TASK_NR_SERVICES + 1];
	ev_signal terminate;
	bool ending;
	/* Who asked for the end, and how it is answered. */
	struct ttrpc_call *call;
	void (*answer)(struct ttrpc_call *call);
};

static struct server *server_of(struct shim *shim)
{
	return (struct server *)shim;
}

static void event_lost(const char *topic, const char *why, void *context)
{
	(void)context;
	shim_log(SHIM_LOG_ERROR, "event %s is lost: %s", topic, why);
}

static int make_publisher(struct shim *shim, const struct options *options, struct problem *problem)
{
	int r = events_publisher_new(shim->loop, options->ttrpc_address, options->address,
				     options->publish_binary, options->namespace_,
				     &shim->publisher);

	/* Run by hand, nobody wants to know. */
	if (r == -EINVAL)
		return 0;
	if (r < 0)
		return problem_set(problem, r, "events: %s", strerror(-r));
	events_on_lost(shim->publisher, event_lost, NULL);
	return 0;
}

static int make_server(struct server *server, int listener, struct problem *problem)
{
	struct shim *shim = &server->shim;
	int r;

	task_services(shim, server->services);
	sandbox_service(shim, &server->services[TASK_NR_SERVICES]);
	r = ttrpc_server_new(shim->loop, server->services, TASK_NR_SERVICES + 1, &shim->server);
	if (!r)
		r = ttrpc_server_listen(shim->server, listener);
	return r < 0 ? problem_set(problem, r, "server: %s", strerror(-r)) : 0;
}

static void terminated(struct ev_loop *loop, ev_signal *signal, int events)
{
	(void)loop;
	(void)events;
	shim_log(SHIM_LOG_INFO, "asked to end by SIGTERM");
	server_end(signal->data, NULL, NULL);
}

static void idle_too_long(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct shim *shim = timer->data;

	(void)events;
	if (shim->sandbox) {
		ev_timer_stop(loop, timer);
		return;
	}
	shim_log(SHIM_LOG_WARNING, "no container for %g s: the shim ends", IDLE_SECONDS);
	server_end(shim, NULL, NULL);
}

static void start_watching(struct server *server)
{
	struct shim *shim = &server->shim;

	ev_signal_init(&server->terminate, terminated, SIGTERM);
	server->terminate.data = shim;
	ev_signal_start(shim->loop, &server->terminate);
	ev_timer_init(&shim->idle, idle_too_long, 0., IDLE_SECONDS);
	shim->idle.data = shim;
	ev_timer_again(shim->loop, &shim->idle);
}

/* From here on another shim of this name may have what is there. */
static void remove_state(struct shim *shim)
{
	struct problem problem = { "" };

	if (!shim->state_dir)
		return;
	if (state_remove(shim->state_dir, &problem) < 0)
		shim_log(SHIM_LOG_WARNING, "%s", problem.text);
	free(shim->state_dir);
	shim->state_dir = NULL;
}

static void server_free(struct server *server)
{
	struct shim *shim = &server->shim;

	sandbox_free(shim);
	ttrpc_server_free(shim->server);
	while (shim->containers)
		container_free(shim->containers);
	guest_free(shim->guest);
	close_fd(shim->netns);
	cgroup_leave(shim->cgroup);
	events_publisher_free(shim->publisher);
	config_free(shim->config);
	ev_signal_stop(shim->loop, &server->terminate);
	ev_loop_destroy(shim->loop);
	remove_state(shim);
	free(shim->shared);
	free(server);
}

int server_new(const struct server_options *options, struct shim **ret_shim,
	       struct problem *problem)
{
	struct server *server = must_calloc(sizeof(*server));
	struct shim *shim = &server->shim;
	int r;

	*shim = (struct shim){
		.loop = ev_loop_new(EVFLAG_AUTO),
		.id = options->id,
		.namespace_ = options->options->namespace_,
		.address = options->address,
		.options = options->runtime_options,
		.netns = -1,
		.state_dir = state_path(options->options->namespace_, options->id),
	};
	shim->shared = state_shared_path(shim->state_dir);
	if (!shim->loop)
		abort();
	start_watching(server);
	r = state_make(shim->state_dir, problem);
	if (!r)
		r = make_publisher(shim, options->options, problem);
	if (!r)
		r = make_server(server, options->listener, problem);
	if (r < 0) {
		server_free(server);
		return r;
	}
	*ret_shim = shim;
	return 0;
}

void server_run(struct shim *shim)
{
	struct server *server = server_of(shim);

	ev_run(shim->loop, 0);
	task_hooks_end_all(shim);
	remove_state(shim);
	if (server->call)
		server->answer(server->call);
	ttrpc_server_flush(shim->server, FLUSH_SECONDS);
	/* That of a task may get lost: containerd does not mind. */
	if (shim->sandbox && server->call)
		ttrpc_server_linger(shim->server, LINGER_SECONDS);
	server_free(server);
}

static void drained(size_t left, void *context)
{
	struct shim *shim = context;

	if (left)
		shim_log(SHIM_LOG_ERROR, "%zu events could not be told", left);
	ev_break(shim->loop, EVBREAK_ALL);
}

static void guest_gone(void *context)
{
	struct shim *shim = context;

	if (!shim->publisher || events_drain(shim->publisher, DRAIN_SECONDS, drained, shim) < 0)
		drained(0, shim);
}

void server_end(struct shim *shim, void (*answer)(struct ttrpc_call *call), struct ttrpc_call *call)
{
	struct server *server = server_of(shim);

	if (server->ending) {
		if (call)
			answer(call);
		return;
	}
	server->ending = true;
	server->answer = answer;
	server->call = call;
	/* A new shim of this name may start from now on. */
	unlink(shim->address + strlen(ADDRESS_SCHEME));
	shim_guest_stop(shim, "the shim ends", guest_gone, shim);
}

TASK_HANDLER(task_shutdown)
{
	const Containerd__Task__V2__ShutdownRequest *request = (const void *)message;
	struct shim *shim = context;

	/* Of a pod's container, while others are there: not the end. */
	if ((shim->containers || shim->sandbox) && !request->now)
		task_reply_empty(call);
	else
		server_end(shim, task_reply_empty, call);
}
