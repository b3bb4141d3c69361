/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's monitor protocol, the client's side: a line of JSON each way.
 *
 * What comes is not trusted: lines that are no JSON objects, or no answer to
 * anything, are counted and dropped; one that is too long ends the connection.
 */
#ifndef KBM_SHIM_VM_QMP_H
#define KBM_SHIM_VM_QMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ev.h>

struct json_object;

#define QMP_MAX_LINE	(1U << 20)
#define QMP_MAX_CALLS	8

/**
 * qmp_done - an answer
 * @error:	0; -EREMOTEIO: QEMU refused, and says why in @text; -ETIMEDOUT;
 *		-ECONNRESET: the connection is gone.
 * @result:	what QMP calls "return"; NULL with an error.
 */
typedef void qmp_done(int error, struct json_object *result, const char *text, void *context);

struct qmp_call {
	int64_t id;
	qmp_done *done;
	void *context;
	ev_tstamp end;
};

struct qmp {
	struct ev_loop *loop;
	ev_io watcher;
	ev_timer timer;
	/* An event; @data may be NULL. */
	void (*event)(const char *name, struct json_object *data, void *context);
	/* The connection is gone; calls have had their answers. */
	void (*closed)(void *context);
	void *context;
	struct qmp_call calls[QMP_MAX_CALLS];
	int64_t last_id;
	/* Lines that made no sense. */
	uint64_t nr_garbage;
	char *line;
	size_t used;
	size_t size;
	bool is_open;
};

/**
 * qmp_start - talk over a connected socket
 * @fd:		non-blocking; qmp_stop() closes it.
 *
 * The caller sets event, closed and context before. Commands may be sent at
 * once: QEMU reads them after its greeting.
 */
void qmp_start(struct qmp *qmp, struct ev_loop *loop, int fd);

/**
 * qmp_call - send a command without arguments
 * @seconds:	until @done gets -ETIMEDOUT.
 *
 * -EBUSY: QMP_MAX_CALLS are waiting. -ENOTCONN. Otherwise @done comes, from the
 * loop, once.
 */
int qmp_call(struct qmp *qmp, const char *command, double seconds, qmp_done *done, void *context);

/* Takes what can be read without waiting. */
void qmp_drain(struct qmp *qmp);

/* Closes; calls that wait get no answer any more. */
void qmp_stop(struct qmp *qmp);

#endif
