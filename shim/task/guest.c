// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.pb-c.h"
#include "config/config.h"
#include "config/problem.h"
#include "guest_setup.h"
#include "memory.h"
#include "network/network.h"
#include "rootfs/rootfs.h"
#include "shim_log.h"
#include "stream/port.h"
#include "vm/vm.h"

/* Seconds. The agent kills and unmounts; QEMU then has nothing left to do. */
#define DESTROY_SECONDS 5
#define QUIT_SECONDS 1

enum state { BOOTING, READY, STOPPING, ENDED };

struct guest {
	enum state state;
	struct ev_loop *loop;
	const struct config *config;
	struct guest_callbacks callbacks;
	void *context;
	struct network *network;
	struct vm *vm;
	pid_t pid;
	struct agent *agent;
	struct stream_port *port;
	uint32_t next_stream;
	struct guest_setup *setup;
	/* Why it did not come up, or has to end: the first reason. */
	enum ttrpc_code code;
	char *why;
	/* When QEMU was started, and when its CPUs ran: for the log. */
	ev_tstamp asked_at;
	ev_tstamp started_at;
	void (*stopped)(void *context);
	void *stopped_context;
	ev_timer tell_stopped;
};

static void set_reason(struct guest *guest, enum ttrpc_code code, const char *why)
{
	if (guest->why)
		return;
	guest->code = code;
	guest->why = must_strdup(why);
}

static void listen_for_oom(struct guest *guest);

static void oom_done(const struct failure *failure, const ProtobufCMessage *response, void *context)
{
	struct guest *guest = context;

	if (failure) {
		if (failure->code != TTRPC_UNAVAILABLE)
			shim_log(SHIM_LOG_WARNING, "%s; no OOM events from now on", failure->text);
		return;
	}
	guest->callbacks.oom(((const Grpc__OOMEvent *)response)->container_id, guest->context);
	listen_for_oom(guest);
}

static void listen_for_oom(struct guest *guest)
{
	Grpc__GetOOMEventRequest request = GRPC__GET_OOMEVENT_REQUEST__INIT;

	agent_call(guest->agent, "OOM events", "GetOOMEvent", &request.base, 0, oom_done, guest);
}

static void log_times(const struct guest *guest)
{
	ev_tstamp now = ev_time();

	shim_log(SHIM_LOG_INFO, "times: QEMU %.0f ms, boot and setup of the guest %.0f ms",
		 (guest->started_at - guest->asked_at) * 1000, (now - guest->started_at) * 1000);
}

static void setup_done(const struct failure *failure, void *context)
{
	struct guest *guest = context;

	guest->setup = NULL;
	if (guest->state != BOOTING)
		return;
	if (failure) {
		set_reason(guest, failure->code, failure->text);
		vm_kill(guest->vm);
		return;
	}
	guest->state = READY;
	log_times(guest);
	listen_for_oom(guest);
	guest->callbacks.ready(NULL, guest->context);
}

/* Both connections are of no use without the other, nor is the guest. */
static void end_without_connection(struct guest *guest)
{
	if (guest->state == STOPPING)
		vm_stop(guest->vm, QUIT_SECONDS);
	else
		vm_kill(guest->vm);
}

static void agent_lost(void *context)
{
	end_without_connection(context);
}

/* Nothing can be done with it any more, and its containers are not seen to end. */
static void agent_hung(void *context)
{
	struct guest *guest = context;

	shim_log(SHIM_LOG_ERROR,
		 "the guest left a call without an answer, and was silent for %u s more: it ends",
		 guest->config->dial_timeout);
	set_reason(guest, TTRPC_DEADLINE_EXCEEDED, "the agent in the guest does not answer");
	vm_kill(guest->vm);
}

static const struct agent_callbacks agent_callbacks = { .lost = agent_lost, .hung = agent_hung };

static void streams_failed(void *context, int error)
{
	struct guest *guest = context;

	if (guest->state == READY && error != EPIPE) {
		shim_log(SHIM_LOG_ERROR, "streams: %s; the guest ends", strerror(error));
		set_reason(guest, TTRPC_INTERNAL, "the streams of the guest broke their protocol");
	}
	end_without_connection(guest);
}

static int connect_agent(struct guest *guest)
{
	int r;

	r = agent_new(guest->loop, vm_take_agent(guest->vm), guest->config->dial_timeout,
		      &agent_callbacks, guest, &guest->agent);
	if (r < 0)
		return r;
	return stream_port_new(guest->loop, vm_take_streams(guest->vm), streams_failed, guest,
			       &guest->port);
}

static void vm_started(struct vm *vm, void *context)
{
	struct guest *guest = context;
	int r;

	guest->pid = vm_pid(vm);
	guest->started_at = ev_time();
	network_close_taps(guest->network);
	r = connect_agent(guest);
	if (r < 0) {
		set_reason(guest, ttrpc_code_from_errno(r), strerror(-r));
		vm_kill(vm);
		return;
	}
	guest_setup_run(guest->setup, guest->agent, setup_done, guest);
}

static void close_connections(struct guest *guest, const char *why)
{
	guest->setup = guest_setup_free(guest->setup);
	stream_port_free(guest->port);
	guest->port = NULL;
	if (guest->agent)
		agent_lose(guest->agent, why);
	guest->network = network_close(guest->network);
}

static enum ttrpc_code end_code(const struct vm_end *end)
{
	return end->reason == VM_FAILED ? TTRPC_FAILED_PRECONDITION : TTRPC_UNAVAILABLE;
}

/* Later: those who hear of an end may ask for it, too. */
static void tell_stopped(struct guest *guest)
{
	if (ev_is_active(&guest->tell_stopped))
		return;
	ev_timer_set(&guest->tell_stopped, 0., 0.);
	ev_timer_start(guest->loop, &guest->tell_stopped);
}

static void vm_ended(struct vm *vm, const struct vm_end *end, void *context)
{
	struct guest *guest = context;
	enum state state = guest->state;
	struct failure failure;

	(void)vm;
	shim_log(SHIM_LOG_INFO, "guest ended: %s: %s", vm_reason_name(end->reason), end->text);
	set_reason(guest, end_code(end), end->text);
	guest->state = ENDED;
	if (guest->stopped)
		tell_stopped(guest);
	close_connections(guest, guest->why);
	if (state == BOOTING || (state == STOPPING && guest->callbacks.ready)) {
		failure = (struct failure){ .code = guest->code, .text = guest->why };
		guest->callbacks.ready(&failure, guest->context);
	} else if (state == READY) {
		guest->callbacks.ended(guest->why, guest->context);
	}
}

/* The agent's lines say what somebody should know, or asked for; not so the kernel's. */
static enum shim_log_level log_level(enum vm_log level, const char *line)
{
	static const char agent[] = "kbm-agent: ";
	static const enum shim_log_level levels[] = {
		[VM_LOG_CONSOLE] = SHIM_LOG_DEBUG,
		[VM_LOG_INFO] = SHIM_LOG_INFO,
		[VM_LOG_WARNING] = SHIM_LOG_WARNING,
	};

	if (level == VM_LOG_CONSOLE && !strncmp(line, agent, sizeof(agent) - 1))
		return SHIM_LOG_INFO;
	return levels[level];
}

static void vm_logged(struct vm *vm, enum vm_log level, const char *line, void *context)
{
	(void)vm;
	(void)context;
	shim_log(log_level(level, line), "%s%s", level == VM_LOG_CONSOLE ? "console: " : "", line);
}

static const struct vm_callbacks vm_callbacks = {
	.started = vm_started,
	.ended = vm_ended,
	.log = vm_logged,
};

static size_t fill_nics(const struct network *network, struct vm_nic *nics)
{
	size_t nr = network_nr_links(network);

	for (size_t i = 0; i < nr; i++) {
		const struct network_link *link = network_link(network, i);

		nics[i] = (struct vm_nic){ .tap = link->tap, .mtu = link->mtu };
		memcpy(nics[i].mac, link->mac, sizeof(nics[i].mac));
	}
	return nr;
}

static void fill_disks(const struct guest_options *options, struct vm_disk *disks)
{
	for (size_t i = 0; i < options->nr_disks; i++)
		disks[i] = (struct vm_disk){ .source = options->disks[i].source,
					     .serial = options->disks[i].serial,
					     .read_only = options->disks[i].read_only };
}

static int start_vm(struct guest *guest, const struct guest_options *options,
		    struct problem *problem)
{
	struct vm_nic *nics = must_calloc((network_nr_links(guest->network) + 1) * sizeof(*nics));
	struct vm_disk *disks = must_calloc((options->nr_disks + 1) * sizeof(*disks));
	const struct vm_share share = { .path = options->shared, .tag = ROOTFS_TAG };
	struct vm_options vm_options = {
		.config = options->config,
		.id = options->id,
		.state_dir = options->state_dir,
		.disks = disks,
		.nr_disks = options->nr_disks,
		.shares = &share,
		.nr_shares = 1,
		.nics = nics,
		.nr_nics = fill_nics(guest->network, nics),
	};
	int r;

	fill_disks(options, disks);
	r = vm_start(guest->loop, &vm_options, &vm_callbacks, guest, &guest->vm, problem);
	free(nics);
	free(disks);
	return r;
}

static void stopped_later(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct guest *guest = timer->data;

	(void)loop;
	(void)events;
	guest->stopped(guest->stopped_context);
}

int guest_start(const struct guest_options *options, const struct guest_callbacks *callbacks,
		void *context, struct guest **ret_guest, struct problem *problem)
{
	struct guest *guest = must_calloc(sizeof(*guest));
	int r;

	*guest = (struct guest){ .loop = options->loop,
				 .config = options->config,
				 .callbacks = *callbacks,
				 .context = context,
				 .next_stream = 1,
				 .asked_at = ev_time() };
	ev_init(&guest->tell_stopped, stopped_later);
	guest->tell_stopped.data = guest;
	r = network_open(options->netns, &guest->network, problem);
	if (!r)
		r = guest_setup_new(options, guest->network, &guest->setup, problem);
	if (!r)
		r = start_vm(guest, options, problem);
	if (r < 0) {
		guest_free(guest);
		return r;
	}
	guest->pid = vm_pid(guest->vm);
	*ret_guest = guest;
	return 0;
}

struct agent_call *guest_call(struct guest *guest, const char *phase, const char *method,
			      const ProtobufCMessage *request, double seconds, agent_done *done,
			      void *context)
{
	return agent_call(guest->agent, phase, method, request, seconds, done, context);
}

struct stream_mux *guest_mux(struct guest *guest)
{
	return guest->port ? stream_port_mux(guest->port) : NULL;
}

uint32_t *guest_next_stream(struct guest *guest)
{
	return &guest->next_stream;
}

pid_t guest_pid(const struct guest *guest)
{
	return guest->pid;
}

static void destroy_done(const struct failure *failure, const ProtobufCMessage *response,
			 void *context)
{
	struct guest *guest = context;

	(void)response;
	if (guest->state == ENDED)
		return;
	if (failure)
		shim_log(SHIM_LOG_WARNING, "%s; killing it", failure->text);
	vm_stop(guest->vm, failure ? 0 : QUIT_SECONDS);
}

void guest_stop(struct guest *guest, const char *why, void (*stopped)(void *context), void *context)
{
	Grpc__DestroySandboxRequest request = GRPC__DESTROY_SANDBOX_REQUEST__INIT;
	enum state state = guest->state;

	guest->stopped = stopped;
	guest->stopped_context = context;
	if (state == ENDED) {
		tell_stopped(guest);
		return;
	}
	guest->state = STOPPING;
	set_reason(guest, TTRPC_CANCELED, why);
	if (state == READY) {
		guest->callbacks.ready = NULL;
		agent_call(guest->agent, "end of the guest", "DestroySandbox", &request.base,
			   DESTROY_SECONDS, destroy_done, guest);
	} else {
		vm_kill(guest->vm);
	}
}

struct guest *guest_free(struct guest *guest)
{
	if (!guest)
		return NULL;
	ev_timer_stop(guest->loop, &guest->tell_stopped);
	guest_setup_free(guest->setup);
	stream_port_free(guest->port);
	agent_free(guest->agent);
	vm_free(guest->vm);
	network_close(guest->network);
	free(guest->why);
	free(guest);
	return NULL;
}
