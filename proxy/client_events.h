/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VMM's eventfds in calls of KVM. Over unix the eventfd itself crosses, for as
 * long as the call takes. Over kbm the twin has one that stands for it, for as
 * long as KVM uses that.
 */
#ifndef KBM_PROXY_CLIENT_EVENTS_H
#define KBM_PROXY_CLIENT_EVENTS_H

#include "client.h"
#include "ioctl_table.h"

struct client_events;
struct event_use;

/**
 * struct event_call - the eventfds of one call; begins as zeroes
 * @named:	which of the row's fields are eventfds.
 * @names:	of these: a handle (unix) or an event's number (kbm).
 * @use:	kbm: what KVM will use them for, or not any more if @ends.
 */
struct event_call {
	bool named[ROW_FIELDS];
	uint32_t names[ROW_FIELDS];
	struct event_use *use;
	bool ends;
};

/* NULL over unix. -ENOMEM. */
int client_events_new(struct client *client);
void client_events_free(struct client *client);

/*
 * @fd, which the row's field @index has in this call: the handle that the twin has
 * for it. -EOPNOTSUPP: a call with eventfds that do not cross over kbm. -ENOSPC: the
 * session has no number left. To be ended by client_event_done().
 */
int client_event_name(struct client *client, const struct ioctl_row *row, unsigned int index,
		      int fd, struct event_call *call);
/* All are named: @payload has handles. */
int client_event_prepare(const struct client *client, const struct ioctl_row *row,
			 const uint8_t *payload, struct event_call *call);
/* What KVM said. */
void client_event_done(struct client *client, uint32_t vm, struct event_call *call, int64_t result);
/* That handle has been closed. */
void client_events_forget(struct client *client, uint32_t vm);

#endif
