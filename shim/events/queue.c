// SPDX-License-Identifier: GPL-2.0-or-later
#include "events/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events/publisher.h"
#include "protocols/any.h"

typedef Containerd__Services__Events__Ttrpc__V1__Envelope Envelope;

static void event_free(struct event *event)
{
	containerd__services__events__ttrpc__v1__envelope__free_unpacked(event->envelope, NULL);
	free(event);
}

static Google__Protobuf__Timestamp *timestamp_now(void)
{
	Google__Protobuf__Timestamp *timestamp = malloc(sizeof(*timestamp));
	struct timespec now;

	if (!timestamp)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	google__protobuf__timestamp__init(timestamp);
	timestamp->seconds = now.tv_sec;
	timestamp->nanos = (int32_t)now.tv_nsec;
	return timestamp;
}

/* All its parts are of malloc(), as if it had been unpacked. */
static int fill(Envelope *envelope, const char *namespace, const char *topic,
		const ProtobufCMessage *message)
{
	envelope->timestamp = timestamp_now();
	envelope->namespace_ = strdup(namespace);
	envelope->topic = strdup(topic);
	if (!envelope->timestamp || !envelope->namespace_ || !envelope->topic)
		return -ENOMEM;
	return any_pack(message, &envelope->event);
}

void event_queue_init(struct event_queue *queue)
{
	STAILQ_INIT(&queue->events);
	queue->nr = 0;
}

void event_queue_done(struct event_queue *queue)
{
	while (queue->nr)
		event_queue_drop_first(queue);
}

int event_queue_add(struct event_queue *queue, const char *namespace, const char *topic,
		    const ProtobufCMessage *message)
{
	struct event *event;
	int r;

	if (queue->nr >= EVENTS_MAX_QUEUED)
		return -ENOBUFS;
	event = calloc(1, sizeof(*event));
	if (!event)
		return -ENOMEM;
	event->envelope = malloc(sizeof(*event->envelope));
	if (!event->envelope) {
		free(event);
		return -ENOMEM;
	}
	containerd__services__events__ttrpc__v1__envelope__init(event->envelope);
	r = fill(event->envelope, namespace, topic, message);
	if (r < 0) {
		event_free(event);
		return r;
	}
	STAILQ_INSERT_TAIL(&queue->events, event, entry);
	queue->nr++;
	return 0;
}

struct event *event_queue_first(const struct event_queue *queue)
{
	return STAILQ_FIRST(&queue->events);
}

void event_queue_drop_first(struct event_queue *queue)
{
	struct event *event = STAILQ_FIRST(&queue->events);

	STAILQ_REMOVE_HEAD(&queue->events, entry);
	queue->nr--;
	event_free(event);
}
