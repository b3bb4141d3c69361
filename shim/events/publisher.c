// SPDX-License-Identifier: GPL-2.0-or-later
#include "events/publisher.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/command.h"
#include "events/queue.h"
#include "ttrpc/ttrpc.h"

#define SERVICE	(&containerd__services__events__ttrpc__v1__events__descriptor)

/**
 * struct events_publisher - see publisher.h
 * @queue:	its first event is the one under way.
 * @client:	to containerd; NULL: not connected.
 * @call:	the event under way over it; NULL: none.
 * @retry:	until the first event is tried again, or tried at all.
 * @failure:	why it failed last.
 * @limit:	of the drain.
 */
struct events_publisher {
	struct ev_loop *loop;
	char *ttrpc_address;
	char *grpc_address;
	char *publish_binary;
	char *namespace;
	struct event_queue queue;
	struct ttrpc_client *client;
	struct ttrpc_pending *call;
	struct command command;
	struct ev_timer retry;
	char failure[256];
	void (*lost)(const char *topic, const char *why, void *context);
	void *lost_context;
	struct ev_timer limit;
	void (*drained)(size_t left, void *context);
	void *drained_context;
};

static bool is_set(const char *text)
{
	return text && *text;
}

/* Also the way out of any callback: nothing else happens in it. */
static void try_after(struct events_publisher *publisher, double seconds)
{
	ev_timer_stop(publisher->loop, &publisher->retry);
	ev_timer_set(&publisher->retry, seconds, 0);
	ev_now_update(publisher->loop);
	ev_timer_start(publisher->loop, &publisher->retry);
}

static void drop_client(struct events_publisher *publisher)
{
	struct ttrpc_client *client = publisher->client;

	publisher->client = NULL;
	publisher->call = NULL;
	ttrpc_client_free(client);
}

static void finish_drain(struct events_publisher *publisher)
{
	void (*drained)(size_t left, void *context) = publisher->drained;

	ev_timer_stop(publisher->loop, &publisher->limit);
	publisher->drained = NULL;
	drained(publisher->queue.nr, publisher->drained_context);
}

/* The first event is over. The publisher may be gone afterwards. */
static void next(struct events_publisher *publisher)
{
	event_queue_drop_first(&publisher->queue);
	if (publisher->queue.nr)
		try_after(publisher, 0);
	else if (publisher->drained)
		finish_drain(publisher);
}

static void give_up(struct events_publisher *publisher)
{
	struct event *event = event_queue_first(&publisher->queue);

	if (publisher->lost)
		publisher->lost(event->envelope->topic, publisher->failure,
				publisher->lost_context);
	next(publisher);
}

static void note_failure(struct events_publisher *publisher, const char *what, const char *why)
{
	snprintf(publisher->failure, sizeof(publisher->failure), "%s: %s", what, why);
}

static void start_command(struct events_publisher *publisher)
{
	const Containerd__Services__Events__Ttrpc__V1__Envelope *envelope =
		event_queue_first(&publisher->queue)->envelope;
	int r = command_start(&publisher->command, publisher->publish_binary,
			      publisher->grpc_address, envelope->topic, envelope->namespace_,
			      envelope->event, EVENTS_FORWARD_SECONDS);

	if (r < 0) {
		note_failure(publisher, publisher->publish_binary, strerror(-r));
		give_up(publisher);
	}
}

/*
 * Not at once: more might fail. The others wait, so order is kept. The command is
 * the last resort, since each call of it is a process of tens of megabytes.
 */
static void requeue(struct events_publisher *publisher)
{
	struct event *event = event_queue_first(&publisher->queue);

	drop_client(publisher);
	if (event->nr_requeues < EVENTS_MAX_REQUEUES)
		try_after(publisher, ++event->nr_requeues * EVENTS_BACKOFF_SECONDS);
	else if (is_set(publisher->publish_binary))
		start_command(publisher);
	else
		give_up(publisher);
}

static void on_command_done(int error, void *context)
{
	struct events_publisher *publisher = context;

	if (!error) {
		next(publisher);
		return;
	}
	note_failure(publisher, publisher->publish_binary,
		     error == -EIO ? "it failed" : strerror(-error));
	give_up(publisher);
}

static void on_forwarded(struct ttrpc_result *result, void *context)
{
	struct events_publisher *publisher = context;

	/* Dropping the client ends the call, too. */
	if (!publisher->call)
		return;
	publisher->call = NULL;
	if (result->code == TTRPC_OK) {
		next(publisher);
		return;
	}
	note_failure(publisher, publisher->ttrpc_address, result->message);
	/* It would be no better the next time. */
	if (result->code == TTRPC_INVALID_ARGUMENT)
		give_up(publisher);
	else
		requeue(publisher);
}

/* With an event under way that one has failed, and the client is dropped there. */
static void on_closed(int error, void *context)
{
	(void)error;
	drop_client(context);
}

static int connect_client(struct events_publisher *publisher)
{
	int fd, r;

	if (publisher->client)
		return 0;
	r = ttrpc_connect(publisher->ttrpc_address, &fd);
	if (r < 0)
		return r;
	r = ttrpc_client_new(publisher->loop, fd, &publisher->client);
	if (r < 0) {
		close(fd);
		return r;
	}
	ttrpc_client_on_closed(publisher->client, on_closed, publisher);
	return 0;
}

static int forward(struct events_publisher *publisher)
{
	Containerd__Services__Events__Ttrpc__V1__ForwardRequest request =
		CONTAINERD__SERVICES__EVENTS__TTRPC__V1__FORWARD_REQUEST__INIT;
	const struct ttrpc_metadata metadata[] = {
		{ "containerd-namespace-ttrpc", publisher->namespace },
		{ NULL, NULL },
	};
	int r = connect_client(publisher);

	if (r < 0)
		return r;
	request.envelope = event_queue_first(&publisher->queue)->envelope;
	return ttrpc_client_call(publisher->client, SERVICE, NULL, "Forward", &request.base,
				 EVENTS_FORWARD_SECONDS, metadata, on_forwarded, publisher,
				 &publisher->call);
}

static void on_retry(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	struct events_publisher *publisher = watcher->data;
	int r;

	(void)events;
	ev_timer_stop(loop, watcher);
	if (!publisher->queue.nr)
		return;
	if (!is_set(publisher->ttrpc_address)) {
		start_command(publisher);
		return;
	}
	r = forward(publisher);
	if (r < 0) {
		note_failure(publisher, publisher->ttrpc_address, strerror(-r));
		requeue(publisher);
	}
}

static int copy_text(const char *text, char **ret_copy)
{
	char *copy = strdup(text ? text : "");

	if (!copy)
		return -ENOMEM;
	*ret_copy = copy;
	return 0;
}

int events_publisher_new(struct ev_loop *loop, const char *ttrpc_address,
			 const char *grpc_address, const char *publish_binary,
			 const char *namespace, struct events_publisher **ret)
{
	struct events_publisher *publisher;

	if (!is_set(ttrpc_address) && !is_set(publish_binary))
		return -EINVAL;
	publisher = calloc(1, sizeof(*publisher));
	if (!publisher)
		return -ENOMEM;
	publisher->loop = loop;
	event_queue_init(&publisher->queue);
	command_init(&publisher->command, loop, on_command_done, publisher);
	ev_timer_init(&publisher->retry, on_retry, 0, 0);
	ev_timer_init(&publisher->limit, NULL, 0, 0);
	publisher->retry.data = publisher;
	publisher->limit.data = publisher;
	if (copy_text(ttrpc_address, &publisher->ttrpc_address) < 0 ||
	    copy_text(grpc_address, &publisher->grpc_address) < 0 ||
	    copy_text(publish_binary, &publisher->publish_binary) < 0 ||
	    copy_text(namespace, &publisher->namespace) < 0) {
		events_publisher_free(publisher);
		return -ENOMEM;
	}
	*ret = publisher;
	return 0;
}

void events_on_lost(struct events_publisher *publisher,
		    void (*lost)(const char *topic, const char *why, void *context),
		    void *context)
{
	publisher->lost = lost;
	publisher->lost_context = context;
}

int events_publish(struct events_publisher *publisher, const char *topic,
		   const ProtobufCMessage *event)
{
	int r = event_queue_add(&publisher->queue, publisher->namespace, topic, event);

	/* Others are under way, and lead to this one. */
	if (!r && publisher->queue.nr == 1)
		try_after(publisher, 0);
	return r;
}

size_t events_queued(const struct events_publisher *publisher)
{
	return publisher->queue.nr;
}

static void on_limit(struct ev_loop *loop, struct ev_timer *watcher, int events)
{
	(void)loop;
	(void)events;
	finish_drain(watcher->data);
}

int events_drain(struct events_publisher *publisher, double seconds,
		 void (*done)(size_t left, void *context), void *context)
{
	if (publisher->drained)
		return -EBUSY;
	publisher->drained = done;
	publisher->drained_context = context;
	ev_timer_init(&publisher->limit, on_limit, publisher->queue.nr ? seconds : 0, 0);
	ev_now_update(publisher->loop);
	ev_timer_start(publisher->loop, &publisher->limit);
	return 0;
}

void events_publisher_free(struct events_publisher *publisher)
{
	if (!publisher)
		return;
	ev_timer_stop(publisher->loop, &publisher->retry);
	ev_timer_stop(publisher->loop, &publisher->limit);
	drop_client(publisher);
	command_stop(&publisher->command);
	event_queue_done(&publisher->queue);
	free(publisher->ttrpc_address);
	free(publisher->grpc_address);
	free(publisher->publish_binary);
	free(publisher->namespace);
	free(publisher);
}
