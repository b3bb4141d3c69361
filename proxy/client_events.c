// SPDX-License-Identifier: GPL-2.0-or-later
#include "client_events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/kvm.h>

#include "cleanup.h"
#include "client_private.h"
#include "events.h"

#define NONE	KBM_MAX_EVENTS

/**
 * struct client_event - by number
 * @id:		of the VMM's eventfd, however many descriptors it has.
 * @fd:		a descriptor of it, of ours.
 * @handle:	what the twin has for it.
 * @refs:	uses, and calls under way; 0: the number is free.
 */
struct client_event {
	uint64_t id;
	int fd;
	uint32_t handle;
	enum kbm_event direction;
	unsigned int refs;
};

/**
 * struct event_use - a thing of KVM that has eventfds
 * @numbers:	of its events; NONE for none.
 * @key:	what besides the first eventfd tells it from others of the VM.
 */
struct event_use {
	struct event_use *next;
	uint32_t vm;
	uint32_t request;
	uint32_t numbers[ROW_FIELDS];
	uint64_t key[3];
};

struct client_events {
	pthread_mutex_t lock;
	struct event_use *uses;
	struct client_event events[KBM_MAX_EVENTS];
};

int client_events_new(struct client *client)
{
	if (!client->transport->events)
		return 0;
	client->events = calloc(1, sizeof(*client->events));
	if (!client->events)
		return -ENOMEM;
	pthread_mutex_init(&client->events->lock, NULL);
	return 0;
}

/* As proc(5) has it. Numbers are the kernel's, one for each eventfd that there is. */
static int eventfd_id(int fd, uint64_t *ret_id)
{
	static const char name[] = "eventfd-id:";
	char path[64], text[512];
	cleanup_close int info = -1;
	const char *found;
	ssize_t n;

	if (fd < 0)
		return -EBADF;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return errno == ENOENT ? -EBADF : -errno;
	n = read(info, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	found = strstr(text, name);
	if (!found)
		return -EINVAL;
	*ret_id = strtoull(found + sizeof(name) - 1, NULL, 10);
	return 0;
}

static int ask_number(struct client *client, uint32_t type, uint32_t number,
		      enum kbm_event direction)
{
	struct kbm_message message = { .type = type, .handle = number, .size = direction };

	return client_ask(client, &message, NULL, 0, NULL);
}

/*
 * Nothing may be received before this side knows the event, nor sent before the
 * other one does.
 */
static int introduce(struct client *client, uint32_t number, const struct client_event *event)
{
	struct events *events = client->transport->events;
	bool sends = event->direction == KBM_EVENT_TO_TWIN;
	int handle = 0, r = sends ? 0 : events_add(events, number, event->fd, false);

	if (!r)
		handle = ask_number(client, KBM_MESSAGE_ADD_EVENT, number, event->direction);
	if (!r && handle >= 0 && sends)
		r = events_add(events, number, event->fd, true);
	if (handle < 0)
		events_remove(events, number);
	return r ? r : handle;
}

static int event_make(struct client *client, uint32_t number, int fd, uint64_t id,
		      enum kbm_event direction)
{
	struct client_event *event = &client->events->events[number];
	int r;

	/* Not fcntl(): the preload library's own would look at it. */
	event->fd = (int)syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 0);
	if (event->fd < 0)
		return -errno;
	event->id = id;
	event->direction = direction;
	r = introduce(client, number, event);
	if (r < 0) {
		close_fd(event->fd);
		return r;
	}
	event->handle = (uint32_t)r;
	event->refs = 1;
	return 0;
}

/*
 * A signal that KVM has not seen is the VMM's again, as if it had never been taken
 * from its eventfd; one that KVM sent still arrives.
 */
static void event_end(struct client *client, uint32_t number)
{
	struct client_event *event = &client->events->events[number];
	struct events *events = client->transport->events;
	int pending;

	if (event->direction == KBM_EVENT_TO_TWIN)
		events_remove(events, number);
	pending = ask_number(client, KBM_MESSAGE_REMOVE_EVENT, number, 0);
	if (event->direction == KBM_EVENT_TO_CLIENT) {
		events_remove(events, number);
		if (events_take(events, number))
			pending = 1;
	}
	if (pending == 1)
		ring_signal(event->fd);
	close_fd(event->fd);
}

static void event_put(struct client *client, uint32_t number)
{
	struct client_event *event = &client->events->events[number];

	if (--event->refs == 0)
		event_end(client, number);
}

/* The number of an eventfd that has one in that direction, or a free one. */
static uint32_t find_number(const struct client_events *events, uint64_t id,
			    enum kbm_event direction)
{
	uint32_t number = NONE;

	for (uint32_t i = 0; i < KBM_MAX_EVENTS; i++) {
		const struct client_event *event = &events->events[i];

		if (event->refs && event->id == id && event->direction == direction)
			return i;
		if (!event->refs && number == NONE)
			number = i;
	}
	return number;
}

static int event_get(struct client *client, int fd, enum kbm_event direction, uint32_t *ret_number)
{
	struct client_event *event;
	uint64_t id = 0;
	int r = eventfd_id(fd, &id);

	if (r)
		return r;
	*ret_number = find_number(client->events, id, direction);
	if (*ret_number == NONE)
		return -ENOSPC;
	event = &client->events->events[*ret_number];
	if (!event->refs)
		return event_make(client, *ret_number, fd, id, direction);
	event->refs++;
	return 0;
}

/* The others have no call that tells of their end. */
static bool crosses_kbm(const struct ioctl_row *row)
{
	return row->request == KVM_IRQFD || row->request == KVM_IOEVENTFD;
}

static int name_by_number(struct client *client, const struct ioctl_row *row, unsigned int index,
			  int fd, uint32_t *ret_number)
{
	bool written = row->fields[index].direction == FIELD_WRITTEN;
	int r;

	if (!(client->features & KBM_FEATURE_EVENTS) || !crosses_kbm(row))
		return -EOPNOTSUPP;
	pthread_mutex_lock(&client->events->lock);
	r = event_get(client, fd, written ? KBM_EVENT_TO_CLIENT : KBM_EVENT_TO_TWIN, ret_number);
	if (!r)
		r = (int)client->events->events[*ret_number].handle;
	pthread_mutex_unlock(&client->events->lock);
	return r;
}

static int send_eventfd(struct client *client, int fd, uint32_t *ret_handle)
{
	struct kbm_message message = { .type = KBM_MESSAGE_ADD_EVENTFD };
	int r;

	if (fd < 0)
		return -EBADF;
	r = client_ask(client, &message, &fd, 1, NULL);
	*ret_handle = (uint32_t)r;
	return r;
}

int client_event_name(struct client *client, const struct ioctl_row *row, unsigned int index,
		      int fd, struct event_call *call)
{
	int r = client->events ? name_by_number(client, row, index, fd, &call->names[index]) :
				 send_eventfd(client, fd, &call->names[index]);

	call->named[index] = r >= 0;
	return r;
}

static bool irqfd_key(const struct kvm_irqfd *irqfd, struct event_use *use)
{
	use->key[0] = irqfd->gsi;
	return irqfd->flags & KVM_IRQFD_FLAG_DEASSIGN;
}

static bool ioeventfd_key(const struct kvm_ioeventfd *ioeventfd, struct event_use *use)
{
	use->key[0] = ioeventfd->addr;
	use->key[1] = ioeventfd->flags & KVM_IOEVENTFD_FLAG_DATAMATCH ? ioeventfd->datamatch : 0;
	use->key[2] = (uint64_t)ioeventfd->len << 32 |
		      (ioeventfd->flags & ~KVM_IOEVENTFD_FLAG_DEASSIGN);
	return ioeventfd->flags & KVM_IOEVENTFD_FLAG_DEASSIGN;
}

int client_event_prepare(const struct client *client, const struct ioctl_row *row,
			 const uint8_t *payload, struct event_call *call)
{
	if (!client->events || !call->named[0])
		return 0;
	call->use = calloc(1, sizeof(*call->use));
	if (!call->use)
		return -ENOMEM;
	call->use->request = row->request;
	for (unsigned int i = 0; i < ROW_FIELDS; i++)
		call->use->numbers[i] = call->named[i] ? call->names[i] : NONE;
	call->ends = row->request == KVM_IRQFD ? irqfd_key((const void *)payload, call->use) :
						 ioeventfd_key((const void *)payload, call->use);
	return 0;
}

static void use_begin(struct client_events *events, struct event_use *use)
{
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (use->numbers[i] != NONE)
			events->events[use->numbers[i]].refs++;
	}
	use->next = events->uses;
	events->uses = use;
}

/* @link is where the list has it. */
static void use_end(struct client *client, struct event_use **link)
{
	struct event_use *use = *link;

	*link = use->next;
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (use->numbers[i] != NONE)
			event_put(client, use->numbers[i]);
	}
	free(use);
}

/* Deassigning names only the first eventfd. */
static bool same_use(const struct event_use *a, const struct event_use *b)
{
	return a->vm == b->vm && a->request == b->request && a->numbers[0] == b->numbers[0] &&
	       !memcmp(a->key, b->key, sizeof(a->key));
}

static void use_find_and_end(struct client *client, const struct event_use *like)
{
	struct event_use **link = &client->events->uses;

	while (*link && !same_use(*link, like))
		link = &(*link)->next;
	if (*link)
		use_end(client, link);
}

static void done_with_numbers(struct client *client, uint32_t vm, struct event_call *call,
			      bool good)
{
	pthread_mutex_lock(&client->events->lock);
	if (call->use) {
		call->use->vm = vm;
		if (good && !call->ends) {
			use_begin(client->events, call->use);
			call->use = NULL;
		} else if (good) {
			use_find_and_end(client, call->use);
		}
	}
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (call->named[i])
			event_put(client, call->names[i]);
	}
	pthread_mutex_unlock(&client->events->lock);
	free(call->use);
}

void client_event_done(struct client *client, uint32_t vm, struct event_call *call, int64_t result)
{
	if (client->events) {
		done_with_numbers(client, vm, call, result >= 0);
		return;
	}
	for (unsigned int i = 0; i < ROW_FIELDS; i++) {
		if (call->named[i])
			client_close(client, call->names[i]);
	}
}

void client_events_forget(struct client *client, uint32_t vm)
{
	struct event_use **link;

	if (!client->events)
		return;
	pthread_mutex_lock(&client->events->lock);
	link = &client->events->uses;
	while (*link) {
		if ((*link)->vm == vm)
			use_end(client, link);
		else
			link = &(*link)->next;
	}
	pthread_mutex_unlock(&client->events->lock);
}

void client_events_free(struct client *client)
{
	struct client_events *events = client->events;

	for (uint32_t i = 0; events && i < KBM_MAX_EVENTS; i++) {
		if (events->events[i].refs)
			close_fd(events->events[i].fd);
	}
	while (events && events->uses) {
		struct event_use *use = events->uses;

		events->uses = use->next;
		free(use);
	}
	free(events);
}
