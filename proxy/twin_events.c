// SPDX-License-Identifier: GPL-2.0-or-later
/* The twin's eventfds that stand for the client's, over kbm; see wire.h. */
#include <errno.h>
#include <sys/eventfd.h>

#include "events.h"
#include "twin_private.h"

/* The object keeps its descriptor open though the client may close the handle. */
static struct {
	uint32_t handle;
	struct object *object;
} numbers[KBM_MAX_EVENTS];

static void forget(uint32_t number)
{
	handles_close(twin.handles, numbers[number].handle, 1u << HANDLE_EVENTFD);
	handles_put(twin.handles, numbers[number].object);
	numbers[number].object = NULL;
}

static int make_object(uint32_t number, int fd)
{
	int handle = handles_add(twin.handles, HANDLE_EVENTFD, fd);

	if (handle < 0)
		return handle;
	numbers[number].handle = (uint32_t)handle;
	numbers[number].object = handles_get(twin.handles, (uint32_t)handle, 1u << HANDLE_EVENTFD);
	/* A client that guesses handles has closed it. */
	return numbers[number].object ? 0 : -EBADF;
}

static bool has_events(void)
{
	return twin.transport->events && twin_has_feature(KBM_FEATURE_EVENTS);
}

int twin_add_event(const struct kbm_message *message)
{
	uint32_t number = message->handle;
	int fd, r;

	if (!has_events())
		return -EOPNOTSUPP;
	if (number >= KBM_MAX_EVENTS ||
	    (message->size != KBM_EVENT_TO_TWIN && message->size != KBM_EVENT_TO_CLIENT))
		return -EINVAL;
	if (numbers[number].object)
		return -EEXIST;
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	r = make_object(number, fd);
	if (r)
		return r;
	r = events_add(twin.transport->events, number, fd, message->size == KBM_EVENT_TO_CLIENT);
	if (r) {
		forget(number);
		return r;
	}
	return (int)numbers[number].handle;
}

/* By the thread that sends and receives: no signal is between two places. */
int twin_remove_event(const struct kbm_message *message)
{
	struct events *events = twin.transport->events;
	uint32_t number = message->handle;
	bool pending;

	if (!has_events())
		return -EOPNOTSUPP;
	if (number >= KBM_MAX_EVENTS || !numbers[number].object)
		return -ENOENT;
	events_remove(events, number);
	pending = events_take(events, number);
	pending |= eventfd_take(numbers[number].object->fd);
	forget(number);
	return pending;
}
