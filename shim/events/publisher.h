/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells containerd what happened: in order, in the background. Over ttrpc to
 * $TTRPC_ADDRESS; without one, or when that has failed to the end, by the command
 * that containerd names with -publish-binary.
 */
#ifndef SHIM_EVENTS_PUBLISHER_H
#define SHIM_EVENTS_PUBLISHER_H

#include <stddef.h>

#include <ev.h>
#include <protobuf-c/protobuf-c.h>

/* As containerd's own publisher: pkg/shim/publisher.go. */
#define EVENTS_MAX_QUEUED	2048
#define EVENTS_MAX_REQUEUES	5
#ifndef EVENTS_FORWARD_SECONDS
#define EVENTS_FORWARD_SECONDS	5.0
#endif
/* Before the first requeue; twice that before the second, and so on. */
#ifndef EVENTS_BACKOFF_SECONDS
#define EVENTS_BACKOFF_SECONDS	1.0
#endif

struct events_publisher;

/**
 * events_publisher_new - make a publisher; it connects at the first event
 * @loop:	any.
 * @ttrpc_address: $TTRPC_ADDRESS; NULL or "": none.
 * @grpc_address: -address, for the command.
 * @publish_binary: -publish-binary; NULL or "": none.
 * @namespace:	-namespace.
 * @ret:	the publisher; strings are copied.
 *
 * Return: 0, -ENOMEM, or -EINVAL: nowhere to publish to.
 */
int events_publisher_new(struct ev_loop *loop, const char *ttrpc_address,
			 const char *grpc_address, const char *publish_binary,
			 const char *namespace, struct events_publisher **ret);

/*
 * An event is lost: @topic, and why. It was tried 1 + EVENTS_MAX_REQUEUES times, while
 * later ones waited, or containerd said that it is invalid. For a log; NULL: nobody.
 * Not to free the publisher in.
 */
void events_on_lost(struct events_publisher *publisher,
		    void (*lost)(const char *topic, const char *why, void *context),
		    void *context);

/*
 * Queues @event under @topic ("/tasks/start"), with the time of now. It stays the
 * caller's. 0, -ENOMEM, or -ENOBUFS: EVENTS_MAX_QUEUED wait already.
 *
 * containerd gets each at least once: again, if the answer to the first got lost.
 */
int events_publish(struct events_publisher *publisher, const char *topic,
		   const ProtobufCMessage *event);

/* Events not yet delivered or lost. */
size_t events_queued(const struct events_publisher *publisher);

/*
 * @done is called once, never before this returns: when the queue is empty, or
 * after @seconds, with the number of those that are left. One at a time: -EBUSY.
 */
int events_drain(struct events_publisher *publisher, double seconds,
		 void (*done)(size_t left, void *context), void *context);

/* What is queued is dropped, a drain is forgotten. NULL is fine. */
void events_publisher_free(struct events_publisher *publisher);

#endif
