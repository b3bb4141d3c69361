// SPDX-License-Identifier: GPL-2.0-or-later
#include "qmp.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"

#define MAX_DEPTH	32
#define READS_AT_ONCE	16
#define READS_AT_END	1024

/* One call has its answer. */
static void finish(struct qmp_call *call, int error, struct json_object *result, const char *text)
{
	struct qmp_call copy = *call;

	*call = (struct qmp_call){ 0 };
	copy.done(error, result, text, copy.context);
}

static void set_timer(struct qmp *qmp)
{
	ev_tstamp first = 0, now = ev_now(qmp->loop);

	for (size_t i = 0; i < QMP_MAX_CALLS; i++)
		if (qmp->calls[i].done && (!first || qmp->calls[i].end < first))
			first = qmp->calls[i].end;
	ev_timer_stop(qmp->loop, &qmp->timer);
	if (!first)
		return;
	ev_timer_set(&qmp->timer, first > now ? first - now : 0., 0.);
	ev_timer_start(qmp->loop, &qmp->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct qmp *qmp = timer->data;

	(void)events;
	for (size_t i = 0; i < QMP_MAX_CALLS; i++)
		if (qmp->calls[i].done && qmp->calls[i].end <= ev_now(loop))
			finish(&qmp->calls[i], -ETIMEDOUT, NULL, "no answer in time");
	if (qmp->is_open)
		set_timer(qmp);
}

static void disconnect(struct qmp *qmp)
{
	if (!qmp->is_open)
		return;
	qmp->is_open = false;
	ev_io_stop(qmp->loop, &qmp->watcher);
	ev_timer_stop(qmp->loop, &qmp->timer);
	for (size_t i = 0; i < QMP_MAX_CALLS; i++)
		if (qmp->calls[i].done)
			finish(&qmp->calls[i], -ECONNRESET, NULL, "QEMU is gone");
	qmp->closed(qmp->context);
}

static const char *get_string(struct json_object *parent, const char *name)
{
	struct json_object *object;

	if (!json_object_object_get_ex(parent, name, &object) ||
	    !json_object_is_type(object, json_type_string))
		return NULL;
	return json_object_get_string(object);
}

static struct qmp_call *find_call(struct qmp *qmp, struct json_object *message)
{
	struct json_object *id;

	if (!json_object_object_get_ex(message, "id", &id) ||
	    !json_object_is_type(id, json_type_int))
		return NULL;
	for (size_t i = 0; i < QMP_MAX_CALLS; i++)
		if (qmp->calls[i].done && qmp->calls[i].id == json_object_get_int64(id))
			return &qmp->calls[i];
	return NULL;
}

static void take_answer(struct qmp *qmp, struct json_object *message)
{
	struct qmp_call *call = find_call(qmp, message);
	struct json_object *result, *error;
	const char *text;

	if (call && json_object_object_get_ex(message, "return", &result)) {
		finish(call, 0, result, "");
	} else if (call && json_object_object_get_ex(message, "error", &error)) {
		text = get_string(error, "desc");
		finish(call, -EREMOTEIO, NULL, text ? text : "no words");
	} else {
		qmp->nr_garbage++;
		return;
	}
	if (qmp->is_open)
		set_timer(qmp);
}

static void take_message(struct qmp *qmp, struct json_object *message)
{
	struct json_object *data = NULL;
	const char *event;

	if (!json_object_is_type(message, json_type_object)) {
		qmp->nr_garbage++;
		return;
	}
	event = get_string(message, "event");
	if (event) {
		json_object_object_get_ex(message, "data", &data);
		qmp->event(event, json_object_is_type(data, json_type_object) ? data : NULL,
			   qmp->context);
	} else if (!json_object_object_get_ex(message, "QMP", NULL)) {
		take_answer(qmp, message);
	}
}

static void take_line(struct qmp *qmp, const char *line, size_t length)
{
	struct json_tokener *tokener;
	struct json_object *message;

	while (length && (line[length - 1] == '\r' || line[length - 1] == ' '))
		length--;
	if (!length)
		return;
	tokener = json_tokener_new_ex(MAX_DEPTH);
	if (!tokener)
		return;
	message = json_tokener_parse_ex(tokener, line, (int)length);
	if (message && json_tokener_get_error(tokener) == json_tokener_success)
		take_message(qmp, message);
	else
		qmp->nr_garbage++;
	json_object_put(message);
	json_tokener_free(tokener);
}

/* All whole lines; what is left moves to the start. */
static void take_lines(struct qmp *qmp)
{
	char *start = qmp->line, *end;
	size_t left = qmp->used;

	while (qmp->is_open && (end = memchr(start, '\n', left))) {
		take_line(qmp, start, (size_t)(end - start));
		left -= (size_t)(end + 1 - start);
		start = end + 1;
	}
	if (!qmp->is_open)
		return;
	memmove(qmp->line, start, left);
	qmp->used = left;
}

/* Return: there is room for more of a line. */
static bool make_room(struct qmp *qmp)
{
	size_t size = qmp->size ? 2 * qmp->size : 4096;
	char *line;

	if (qmp->used < qmp->size)
		return true;
	if (size > QMP_MAX_LINE)
		return false;
	line = realloc(qmp->line, size);
	if (!line)
		return false;
	qmp->line = line;
	qmp->size = size;
	return true;
}

/* Return: whether there may be more. */
static bool read_once(struct qmp *qmp)
{
	ssize_t length;

	if (!qmp->is_open || !make_room(qmp)) {
		disconnect(qmp);
		return false;
	}
	length = read(qmp->watcher.fd, qmp->line + qmp->used, qmp->size - qmp->used);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (length <= 0) {
		disconnect(qmp);
		return false;
	}
	qmp->used += (size_t)length;
	take_lines(qmp);
	return qmp->is_open;
}

static void on_readable(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct qmp *qmp = watcher->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < READS_AT_ONCE && read_once(qmp); i++)
		;
}

void qmp_drain(struct qmp *qmp)
{
	for (int i = 0; i < READS_AT_END && read_once(qmp); i++)
		;
}

void qmp_start(struct qmp *qmp, struct ev_loop *loop, int fd)
{
	qmp->loop = loop;
	qmp->is_open = true;
	ev_io_init(&qmp->watcher, on_readable, fd, EV_READ);
	qmp->watcher.data = qmp;
	ev_io_start(loop, &qmp->watcher);
	ev_timer_init(&qmp->timer, on_timer, 0., 0.);
	qmp->timer.data = qmp;
}

static struct qmp_call *free_call(struct qmp *qmp)
{
	for (size_t i = 0; i < QMP_MAX_CALLS; i++)
		if (!qmp->calls[i].done)
			return &qmp->calls[i];
	return NULL;
}

int qmp_call(struct qmp *qmp, const char *command, double seconds, qmp_done *done, void *context)
{
	struct qmp_call *call = free_call(qmp);
	char text[128];
	int length;

	if (!qmp->is_open)
		return -ENOTCONN;
	if (!call)
		return -EBUSY;
	length = snprintf(text, sizeof(text), "{\"execute\": \"%s\", \"id\": %" PRId64 "}\n",
			  command, ++qmp->last_id);
	if (length >= (int)sizeof(text))
		return -EINVAL;
	/* A few lines always fit into the socket; if not, QEMU is stuck. */
	if (send(qmp->watcher.fd, text, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT) != length)
		return -ENOTCONN;
	*call = (struct qmp_call){
		.id = qmp->last_id, .done = done, .context = context,
		.end = ev_now(qmp->loop) + seconds,
	};
	set_timer(qmp);
	return 0;
}

void qmp_stop(struct qmp *qmp)
{
	if (!qmp->loop)
		return;
	qmp->is_open = false;
	ev_io_stop(qmp->loop, &qmp->watcher);
	ev_timer_stop(qmp->loop, &qmp->timer);
	close_fd(qmp->watcher.fd);
	free(qmp->line);
	memset(qmp->calls, 0, sizeof(qmp->calls));
	qmp->line = NULL;
	qmp->used = qmp->size = 0;
	qmp->loop = NULL;
}
