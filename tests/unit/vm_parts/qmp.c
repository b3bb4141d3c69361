// SPDX-License-Identifier: GPL-2.0-or-later
/* QMP: a socket whose other end is ours. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "vm/qmp.h"

struct talk {
	struct ev_loop *loop;
	struct qmp qmp;
	int peer;
	int answers, error, events, closed;
	char text[128];
};

static void on_done(int error, struct json_object *result, const char *text, void *context)
{
	struct talk *talk = context;

	talk->answers++;
	talk->error = error;
	snprintf(talk->text, sizeof(talk->text), "%s",
		 result ? json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN) : text);
}

static void on_event(const char *name, struct json_object *data, void *context)
{
	struct talk *talk = context;

	talk->events++;
	snprintf(talk->text, sizeof(talk->text), "%s%s", name, data ? "+" : "");
}

static void on_closed(void *context)
{
	((struct talk *)context)->closed++;
}

static void begin_talk(struct talk *talk)
{
	int pair[2];

	*talk = (struct talk){ .loop = ev_loop_new(0) };
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	talk->peer = pair[1];
	talk->qmp.event = on_event;
	talk->qmp.closed = on_closed;
	talk->qmp.context = talk;
	qmp_start(&talk->qmp, talk->loop, pair[0]);
}

static void end_talk(struct talk *talk)
{
	qmp_stop(&talk->qmp);
	close(talk->peer);
	ev_loop_destroy(talk->loop);
}

static void say(struct talk *talk, const char *text)
{
	assert_int_equal(write(talk->peer, text, strlen(text)), strlen(text));
	ev_run(talk->loop, EVRUN_NOWAIT);
}

static void test_talk(void **state)
{
	struct talk talk;
	char heard[128] = "";

	(void)state;
	begin_talk(&talk);
	say(&talk, "{\"QMP\": {\"version\": {}}}\r\n");
	assert_int_equal(qmp_call(&talk.qmp, "query-status", 1, on_done, &talk), 0);
	assert_true(read(talk.peer, heard, sizeof(heard) - 1) > 0);
	assert_string_equal(heard, "{\"execute\": \"query-status\", \"id\": 1}\n");
	say(&talk, "{\"return\": {\"a\"");
	assert_int_equal(talk.answers, 0);
	say(&talk, ": 1}, \"id\": 1}\r\n{\"event\": \"SHUTDOWN\", \"data\": {}}\n");
	assert_int_equal(talk.answers, 1);
	assert_int_equal(talk.events, 1);
	assert_string_equal(talk.text, "SHUTDOWN+");
	assert_int_equal(qmp_call(&talk.qmp, "quit", 1, on_done, &talk), 0);
	say(&talk, "{\"error\": {\"class\": \"x\", \"desc\": \"not now\"}, \"id\": 2}\n");
	assert_int_equal(talk.error, -EREMOTEIO);
	assert_string_equal(talk.text, "not now");
	assert_int_equal(talk.qmp.nr_garbage, 0);
	end_talk(&talk);
}

static void test_qmp_garbage(void **state)
{
	static const char *const lines[] = {
		"x\n",
		"{\n",
		"[]\n",
		"3\n",
		"\"\"\n",
		"null\n",
		"{}\n",
		"{\"return\": {}}\n",
		"{\"return\": {}, \"id\": 7}\n",
		"{\"return\": {}, \"id\": \"1\"}\n",
		"{\"id\": 1}\n",
		"{\"event\": 3}\n",
		"\xff\xfe\n",
		"{\"error\": {}, \"id\": 9}\n",
	};
	struct talk talk;

	(void)state;
	begin_talk(&talk);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 60, on_done, &talk), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		say(&talk, lines[i]);
		assert_int_equal(talk.qmp.nr_garbage, i + 1);
	}
	for (int i = 0; i < 100; i++)
		say(&talk, "[[[[[[[[[[");
	say(&talk, "\n\r\n \n");
	assert_int_equal(talk.qmp.nr_garbage, sizeof(lines) / sizeof(lines[0]) + 1);
	assert_int_equal(talk.answers + talk.events + talk.closed, 0);
	say(&talk, "{\"event\": \"E\", \"data\": 5}\n");
	assert_string_equal(talk.text, "E");
	say(&talk, "{\"error\": 5, \"id\": 1}\n");
	assert_int_equal(talk.error, -EREMOTEIO);
	end_talk(&talk);
}

static void test_qmp_limits(void **state)
{
	struct talk talk;
	char block[4096];
	size_t sent = 0;

	(void)state;
	begin_talk(&talk);
	for (int i = 0; i < QMP_MAX_CALLS; i++)
		assert_int_equal(qmp_call(&talk.qmp, "stop", 0.01, on_done, &talk), 0);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 1, on_done, &talk), -EBUSY);
	while (talk.answers < QMP_MAX_CALLS)
		ev_run(talk.loop, EVRUN_ONCE);
	assert_int_equal(talk.error, -ETIMEDOUT);
	assert_int_equal(talk.closed, 0);
	/* An answer that is late is garbage. */
	say(&talk, "{\"return\": {}, \"id\": 1}\n");
	assert_int_equal(talk.qmp.nr_garbage, 1);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 60, on_done, &talk), 0);
	memset(block, ' ', sizeof(block));
	while (!talk.closed && sent < 2 * QMP_MAX_LINE) {
		ssize_t length = write(talk.peer, block, sizeof(block));

		sent += length > 0 ? (size_t)length : 0;
		ev_run(talk.loop, EVRUN_NOWAIT);
	}
	assert_int_equal(talk.closed, 1);
	assert_int_equal(talk.error, -ECONNRESET);
	assert_int_equal(qmp_call(&talk.qmp, "stop", 1, on_done, &talk), -ENOTCONN);
	end_talk(&talk);
}

static void test_qmp_close(void **state)
{
	struct talk talk;

	(void)state;
	begin_talk(&talk);
	assert_int_equal(qmp_call(&talk.qmp, "quit", 60, on_done, &talk), 0);
	shutdown(talk.peer, SHUT_RDWR);
	ev_run(talk.loop, EVRUN_NOWAIT);
	assert_int_equal(talk.answers, 1);
	assert_int_equal(talk.error, -ECONNRESET);
	assert_int_equal(talk.closed, 1);
	end_talk(&talk);
}

int test_qmp(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_talk),
		cmocka_unit_test(test_qmp_garbage),
		cmocka_unit_test(test_qmp_limits),
		cmocka_unit_test(test_qmp_close),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
