/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events that wait, oldest first. */
#ifndef SHIM_EVENTS_QUEUE_H
#define SHIM_EVENTS_QUEUE_H

#include <stddef.h>
#include <sys/queue.h>

#include <protobuf-c/protobuf-c.h>

#include "containerd/events.pb-c.h"

/**
 * struct event - an event that waits
 * @envelope:	what is sent.
 * @nr_requeues: how often it has failed.
 */
struct event {
	STAILQ_ENTRY(event) entry;
	Containerd__Services__Events__Ttrpc__V1__Envelope *envelope;
	unsigned int nr_requeues;
};

STAILQ_HEAD(event_list, event);

struct event_queue {
	struct event_list events;
	size_t nr;
};

void event_queue_init(struct event_queue *queue);
void event_queue_done(struct event_queue *queue);

/* At the end, with the time of now. 0, -ENOMEM, or -ENOBUFS: EVENTS_MAX_QUEUED. */
int event_queue_add(struct event_queue *queue, const char *namespace, const char *topic,
		    const ProtobufCMessage *message);

/* The oldest; NULL: none. */
struct event *event_queue_first(const struct event_queue *queue);
void event_queue_drop_first(struct event_queue *queue);

#endif
