/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the twin's process share. */
#ifndef KBM_PROXY_TWIN_PRIVATE_H
#define KBM_PROXY_TWIN_PRIVATE_H

#include "twin.h"

struct twin {
	struct transport *transport;
	int proc_fds;
	bool greeted;
	_Atomic uint64_t features;
	uint32_t arena;
	struct handles *handles;
	pthread_mutex_t lock;	/* of rings[].used */
	struct twin_ring rings[KBM_MAX_RINGS];
};

extern struct twin twin;

/* twin_rings.c: -ENFILE, or the number of the new ring. */
int twin_add_ring(const struct kbm_message *message, int *fds);
/* Anything else might block this process where it waits or writes. */
int twin_check_eventfd(int fd);

/* twin_events.c: the handle of an event's eventfd; whether a signal is left. */
int twin_add_event(const struct kbm_message *message);
int twin_remove_event(const struct kbm_message *message);

/* twin_messages.c: one message, and its answer. */
int twin_serve_message(void);

#endif
