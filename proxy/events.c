// SPDX-License-Identifier: GPL-2.0-or-later
#include "events.h"

#include <errno.h>
#include <sys/uio.h>

#include "link.h"
#include "ring.h"

void events_init(struct events *events, const int *fds, _Atomic uint64_t *sent,
		 _Atomic uint64_t *received)
{
	events->sent = sent;
	events->received = received;
	pthread_mutex_init(&events->lock, NULL);
	for (unsigned int i = 0; i < KBM_MAX_EVENTS; i++)
		events->fds[i] = -1;
	for (unsigned int i = 0; i < EVENTS_OWN_FDS; i++)
		events->polled[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
	events->nr_polled = EVENTS_OWN_FDS;
}

/* A VMM's own may block, and somebody else may read it meanwhile. */
bool eventfd_take(int fd)
{
	uint64_t count;
	const struct iovec part = { .iov_base = &count, .iov_len = sizeof(count) };
	ssize_t n;

	do {
		n = preadv2(fd, &part, 1, -1, RWF_NOWAIT);
	} while (n < 0 && errno == EINTR);
	return n == sizeof(count);
}

static void look_again(struct events *events)
{
	events->changed = true;
	ring_signal(events->polled[0].fd);
}

int events_add(struct events *events, uint32_t number, int fd, bool sends)
{
	int r = 0;

	if (number >= KBM_MAX_EVENTS)
		return -EINVAL;
	pthread_mutex_lock(&events->lock);
	if (events->fds[number] >= 0) {
		r = -EEXIST;
	} else {
		events->fds[number] = fd;
		events->sends[number] = sends;
		look_again(events);
	}
	pthread_mutex_unlock(&events->lock);
	return r;
}

int events_remove(struct events *events, uint32_t number)
{
	int r = -ENOENT;

	if (number >= KBM_MAX_EVENTS)
		return -EINVAL;
	pthread_mutex_lock(&events->lock);
	if (events->fds[number] >= 0) {
		events->fds[number] = -1;
		look_again(events);
		r = 0;
	}
	pthread_mutex_unlock(&events->lock);
	return r;
}

bool events_take(struct events *events, uint32_t number)
{
	return link_take_bit(events->received, number);
}

/* One that is gone stays in the list until the thread is back here. */
static void update_polled(struct events *events)
{
	unsigned int nr = EVENTS_OWN_FDS;

	if (!events->changed)
		return;
	pthread_mutex_lock(&events->lock);
	for (uint32_t i = 0; i < KBM_MAX_EVENTS; i++) {
		if (events->fds[i] < 0 || !events->sends[i])
			continue;
		events->numbers[nr - EVENTS_OWN_FDS] = i;
		events->polled[nr++] = (struct pollfd){ .fd = events->fds[i], .events = POLLIN };
	}
	events->nr_polled = nr;
	events->changed = false;
	pthread_mutex_unlock(&events->lock);
}

/* It may have been removed meanwhile, and its descriptor be another's. */
static bool send_event(struct events *events, uint32_t number)
{
	bool sent;

	pthread_mutex_lock(&events->lock);
	sent = events->fds[number] >= 0 && events->sends[number] &&
	       eventfd_take(events->fds[number]);
	if (sent)
		link_set_bit(events->sent, number);
	pthread_mutex_unlock(&events->lock);
	return sent;
}

int events_wait(struct events *events, bool *ret_ready)
{
	int sent = 0;

	update_polled(events);
	while (poll(events->polled, events->nr_polled, -1) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	for (unsigned int i = EVENTS_OWN_FDS; i < events->nr_polled; i++) {
		if (events->polled[i].revents)
			sent |= send_event(events, events->numbers[i - EVENTS_OWN_FDS]);
	}
	for (unsigned int i = 0; i < EVENTS_OWN_FDS; i++)
		ret_ready[i] = events->polled[i].revents;
	return sent;
}

static void receive_event(void *argument, uint32_t number)
{
	struct events *events = argument;

	pthread_mutex_lock(&events->lock);
	if (events->fds[number] >= 0 && !events->sends[number])
		ring_signal(events->fds[number]);
	pthread_mutex_unlock(&events->lock);
}

void events_receive(struct events *events)
{
	link_take_bits(events->received, KBM_LINK_EVENT_BITS, receive_event, events);
}
