// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_accept.h"

#include <errno.h>
#include <string.h>

#include "log.h"

/* After an error that may be of all the machine, such as no descriptors. */
#define PAUSE_MS	1000

static void accepted(struct loop_operation *operation, int result);

static void accept_next(struct loop_operation *operation, int result)
{
	const struct acceptor *acceptor = (struct acceptor *)operation;

	(void)result;
	operation->done = accepted;
	loop_accept(operation, acceptor->socket);
}

static void accepted(struct loop_operation *operation, int result)
{
	const struct acceptor *acceptor = (struct acceptor *)operation;

	if (result >= 0)
		acceptor->accepted(result);
	if (result >= 0 || result == -EINTR || result == -ECONNABORTED) {
		accept_next(operation, 0);
		return;
	}
	log_write(LOG_LEVEL_ERROR, "accept", "socket=%s error=\"%s\"", acceptor->what,
		  strerror(-result));
	operation->done = accept_next;
	loop_sleep(operation, PAUSE_MS);
}

int acceptor_start(struct acceptor *acceptor)
{
	acceptor->operation.done = accepted;
	return loop_accept(&acceptor->operation, acceptor->socket);
}
