// SPDX-License-Identifier: GPL-2.0-or-later
/* stdio of a process: URIs, FIFOs, files, loggers, against the other end of streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/problem.h"
#include "stream/port.h"
#include "task/logger_ready.h"
#include "task/process_stdio.h"
#include "task/stdio_uri.h"

static struct problem problem;

static void uri_is(const char *text, enum stdio_kind kind, const char *path)
{
	struct stdio_uri uri;

	assert_int_equal(stdio_uri_parse(text, &uri, &problem), 0);
	assert_int_equal(uri.kind, kind);
	if (path)
		assert_string_equal(uri.path, path);
	stdio_uri_done(&uri);
}

static void test_uris(void **state)
{
	struct stdio_uri uri;

	(void)state;
	uri_is("", STDIO_NONE, NULL);
	uri_is("/run/x", STDIO_FIFO, "/run/x");
	uri_is("/run/a%20b?c", STDIO_FIFO, "/run/a%20b?c");
	uri_is("fifo:///run/x", STDIO_FIFO, "/run/x");
	uri_is("file:///a%20b?x=y", STDIO_FILE, "/a b");
	uri_is("file:///a%2", STDIO_FILE, "/a%2");
	assert_int_equal(stdio_uri_parse("binary:///bin/log?-a=b+c&d&=e&f=%26", &uri, &problem), 0);
	assert_int_equal(uri.kind, STDIO_BINARY);
	assert_string_equal(uri.path, "/bin/log");
	assert_string_equal(uri.arguments[0], "-a");
	assert_string_equal(uri.arguments[1], "b c");
	assert_string_equal(uri.arguments[2], "d");
	assert_string_equal(uri.arguments[3], "e");
	assert_string_equal(uri.arguments[4], "f");
	assert_string_equal(uri.arguments[5], "&");
	assert_null(uri.arguments[6]);
	stdio_uri_done(&uri);
	assert_int_equal(stdio_uri_parse("relative", &uri, &problem), -EINVAL);
	assert_int_equal(stdio_uri_parse("file://relative", &uri, &problem), -EINVAL);
	assert_int_equal(stdio_uri_parse("http://x/y", &uri, &problem), -EINVAL);
	assert_int_equal(stdio_uri_parse("file:///a%00b", &uri, &problem), -EINVAL);
}

static void test_too_many_arguments(void **state)
{
	char *text = malloc(4096), *at = text;
	struct stdio_uri uri;

	(void)state;
	at += sprintf(at, "binary:///x?");
	for (int i = 0; i < 300; i++)
		at += sprintf(at, "a&");
	assert_int_equal(stdio_uri_parse(text, &uri, &problem), -EINVAL);
	free(text);
}

/* Both ends of a connection; the far one is the guest's. */
struct fixture {
	struct ev_loop *loop;
	struct stream_port *near, *far;
	char folder[32];
	struct stdio *stdio;
	struct stdio_streams streams;
	uint32_t next;
	bool drained;
	/* The far end of stdin: what came, and how it ended. */
	char input[256];
	size_t input_size;
	bool input_ended;
};

static void port_failed(void *context, int error)
{
	(void)context;
	(void)error;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int ends[2];

	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->next = 7;
	strcpy(f->folder, "/tmp/shim-stdio-XXXXXX");
	if (!mkdtemp(f->folder) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ||
	    stream_port_new(f->loop, ends[0], port_failed, NULL, &f->near) ||
	    stream_port_new(f->loop, ends[1], port_failed, NULL, &f->far))
		return -1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	stdio_free(f->stdio);
	stream_port_free(f->near);
	stream_port_free(f->far);
	ev_loop_destroy(f->loop);
	snprintf(command, sizeof(command), "rm -r %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static char *path_in(const struct fixture *f, const char *name)
{
	static char paths[4][64];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", f->folder, name);
	return path;
}

static void drained(void *context)
{
	((struct fixture *)context)->drained = true;
}

static void start(struct fixture *f, const struct stdio_names *names)
{
	assert_int_equal(stdio_open(names, "ns", "container", &f->stdio, &problem), 0);
	assert_int_equal(stdio_start(f->stdio, f->loop, stream_port_mux(f->near), &f->next, drained,
				     f, &f->streams),
			 0);
}

static size_t received(struct stream *stream, const void *data, size_t size)
{
	struct fixture *f = stream_context(stream);

	assert_true(f->input_size + size <= sizeof(f->input));
	memcpy(f->input + f->input_size, data, size);
	f->input_size += size;
	stream_consume(stream, 0);
	return size;
}

static void ended(struct stream *stream, int error)
{
	(void)error;
	((struct fixture *)stream_context(stream))->input_ended = true;
}

static void writable(struct stream *stream)
{
	(void)stream;
}

static const struct stream_handlers handlers = {
	.received = received,
	.ended = ended,
	.writable = writable,
};

static struct stream *open_far(struct fixture *f, uint32_t number, uint32_t window)
{
	struct stream *stream;

	assert_int_equal(
		stream_open(stream_port_mux(f->far), number, window, &handlers, f, &stream), 0);
	return stream;
}

static void turn(struct fixture *f, int times)
{
	for (int i = 0; i < times; i++)
		ev_run(f->loop, EVRUN_NOWAIT);
}

/* Output waits for a reader, and then all of it is there. */
static void test_fifo_output(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "out"), *buffer = malloc(1 << 20), *text = calloc(1, 1 << 20);
	size_t sent = 0, read_ = 0;
	struct stream *stream;
	bool finished = false;
	ssize_t n;
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	start(f, &(struct stdio_names){ "", path, "", false });
	assert_int_equal(f->streams.stdin_, 0);
	assert_int_equal(f->streams.stdout_, 7);
	assert_int_equal(f->streams.stderr_, 0);
	assert_int_equal(f->next, 8);
	stream = open_far(f, 7, 0);
	for (int i = 0; i < 200; i++) {
		turn(f, 1);
		sent += stream_send(stream, text + sent, (1 << 20) - sent);
	}
	/* Nobody reads: the FIFO and the windows are full, and no more is taken. */
	assert_true(sent < 1 << 20);
	assert_true(stdio_written(f->stdio) >= 4096 && stdio_written(f->stdio) <= STREAM_WINDOW);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	for (int i = 0; i < 20000 && !f->drained; i++) {
		turn(f, 1);
		sent += stream_send(stream, text + sent, (1 << 20) - sent);
		if (sent == 1 << 20 && !finished) {
			stream_finish(stream);
			finished = true;
		}
		n = read(fd, buffer, 1 << 20);
		read_ += n > 0 ? (size_t)n : 0;
	}
	assert_true(f->drained);
	while ((n = read(fd, buffer, 1 << 20)) > 0)
		read_ += (size_t)n;
	/* Our end is closed: a reader sees the end. */
	assert_int_equal(n, 0);
	assert_int_equal(read_, 1 << 20);
	assert_int_equal(stdio_written(f->stdio), 1 << 20);
	assert_true(stdio_is_drained(f->stdio));
	close(fd);
	free(buffer);
	free(text);
}

/* Writers come and go; only CloseIO and the last of them make an end. */
static void test_fifo_input(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "in");
	int fd;

	assert_int_equal(mkfifo(path, 0600), 0);
	start(f, &(struct stdio_names){ path, "", "", false });
	open_far(f, f->streams.stdin_, 4096);
	/* No reader yet: a writer waits. */
	assert_int_equal(open(path, O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, ENXIO);
	stdio_start_input(f->stdio);
	turn(f, 10);
	assert_false(f->input_ended);
	for (int i = 0; i < 2; i++) {
		fd = open(path, O_WRONLY | O_NONBLOCK);
		assert_int_equal(write(fd, "abc", 3), 3);
		close(fd);
		turn(f, 10);
	}
	assert_memory_equal(f->input, "abcabc", 6);
	assert_int_equal(f->input_size, 6);
	assert_false(f->input_ended);
	fd = open(path, O_WRONLY | O_NONBLOCK);
	stdio_close_stdin(f->stdio);
	turn(f, 10);
	assert_false(f->input_ended);
	assert_int_equal(write(fd, "def", 3), 3);
	close(fd);
	turn(f, 10);
	assert_int_equal(f->input_size, 9);
	assert_true(f->input_ended);
}

/* CloseIO before anybody has written. */
static void test_input_never(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "in");

	assert_int_equal(mkfifo(path, 0600), 0);
	start(f, &(struct stdio_names){ path, "", "", false });
	open_far(f, f->streams.stdin_, 4096);
	/* No reader yet: a writer waits. */
	assert_int_equal(open(path, O_WRONLY | O_NONBLOCK), -1);
	assert_int_equal(errno, ENXIO);
	stdio_start_input(f->stdio);
	turn(f, 10);
	stdio_close_stdin(f->stdio);
	turn(f, 10);
	assert_true(f->input_ended);
	assert_int_equal(f->input_size, 0);
}

static void file_is(const char *path, const char *wanted)
{
	char text[256] = "";
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), strlen(wanted));
	fclose(file);
	assert_string_equal(text, wanted);
}

static void send_all(struct fixture *f, uint32_t number, const char *text)
{
	struct stream *stream = open_far(f, number, 0);

	turn(f, 5);
	assert_int_equal(stream_send(stream, text, strlen(text)), strlen(text));
	stream_finish(stream);
}

static void test_file_output(void **state)
{
	struct fixture *f = *state;
	char *path = path_in(f, "log"), uri[80];

	snprintf(uri, sizeof(uri), "file://%s", path);
	start(f, &(struct stdio_names){ "", uri, uri, false });
	send_all(f, f->streams.stdout_, "out\n");
	turn(f, 10);
	assert_false(f->drained);
	send_all(f, f->streams.stderr_, "err\n");
	turn(f, 10);
	assert_true(f->drained);
	file_is(path, "out\nerr\n");
}

static void write_script(const char *path, const char *folder)
{
	FILE *file = fopen(path, "w");

	fprintf(file,
		"#!/bin/sh\nexec >%s/logged\necho \"$CONTAINER_ID $CONTAINER_NAMESPACE $*\"\n"
		"exec 5>&-\ncat <&3\ncat <&4\nmv %s/logged %s/done\n",
		folder, folder, folder);
	fclose(file);
	chmod(path, 0700);
}

static void test_logger(void **state)
{
	struct fixture *f = *state;
	char *script = path_in(f, "logger"), uri[96];

	write_script(script, f->folder);
	snprintf(uri, sizeof(uri), "binary://%s?a=b", script);
	start(f, &(struct stdio_names){ "", uri, uri, false });
	assert_int_equal(f->next, 9);
	send_all(f, f->streams.stdout_, "out\n");
	send_all(f, f->streams.stderr_, "err\n");
	turn(f, 20);
	assert_true(f->drained);
	for (int i = 0; i < 500 && access(path_in(f, "done"), F_OK); i++)
		usleep(10000);
	file_is(path_in(f, "done"), "container ns a b\nout\nerr\n");
}

static void logger_done(const char *why, void *context)
{
	char *said = context;

	strcpy(said, why ? why : "ready");
}

/* At most 10 seconds. */
static void turn_until(struct fixture *f, const char *said)
{
	for (int i = 0; i < 1000 && !*said; i++) {
		turn(f, 1);
		usleep(10000);
	}
}

static void wait_for_logger(struct fixture *f, const char *text, char *said)
{
	char *script = path_in(f, "logger"), uri[96];
	FILE *file = fopen(script, "w");

	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	chmod(script, 0700);
	snprintf(uri, sizeof(uri), "binary://%s", script);
	assert_int_equal(stdio_open(&(struct stdio_names){ "", uri, uri, false }, "ns", "c",
				    &f->stdio, &problem),
			 0);
	*said = 0;
	stdio_wait(f->stdio, f->loop, logger_done, said);
	assert_string_equal(said, "");
}

static void test_logger_ready(void **state)
{
	struct fixture *f = *state;
	char said[512], path[64];

	snprintf(path, sizeof(path), "%s/go", f->folder);
	snprintf(said, sizeof(said), "while ! test -e %s; do sleep 0.05; done; exec 5>&-; cat <&3",
		 path);
	wait_for_logger(f, said, said);
	turn(f, 20);
	assert_string_equal(said, "");
	close(open(path, O_CREAT | O_WRONLY, 0600));
	turn_until(f, said);
	assert_string_equal(said, "ready");
}

static void test_logger_dies(void **state)
{
	struct fixture *f = *state;
	char said[512];

	wait_for_logger(f, "exit 1", said);
	turn_until(f, said);
	assert_non_null(strstr(said, "/logger: it ended before it was ready"));
	stdio_free(f->stdio);
	/* Nobody waits any more. */
	wait_for_logger(f, "sleep 0.1", said);
	f->stdio = stdio_free(f->stdio);
	turn(f, 20);
	assert_string_equal(said, "");
}

static void test_logger_late(void **state)
{
	struct fixture *f = *state;
	char said[512] = "";
	int ready[2], output[2];

	assert_int_equal(pipe(ready) || pipe(output), 0);
	logger_wait(f->loop, "/bin/slow", ready[0], output[1], 0.2, logger_done, said);
	turn_until(f, said);
	assert_non_null(strstr(said, "logger /bin/slow: not ready within 0.2 s"));
	assert_int_equal(fcntl(ready[0], F_GETFD), -1);
	close(ready[1]);
	close(output[0]);
	close(output[1]);
}

static void refused(struct fixture *f, const struct stdio_names *names, int error, const char *word)
{
	problem.text[0] = 0;
	assert_int_equal(stdio_open(names, "ns", "c", &f->stdio, &problem), error);
	assert_non_null(strstr(problem.text, word));
}

static void test_wrong_names(void **state)
{
	struct fixture *f = *state;
	char *regular = path_in(f, "regular");

	close(open(regular, O_CREAT | O_WRONLY, 0600));
	refused(f, &(struct stdio_names){ "", regular, "", false }, -EINVAL, "no FIFO");
	refused(f, &(struct stdio_names){ "", "/nowhere/out", "", false }, -ENOENT, "/nowhere/out");
	refused(f, &(struct stdio_names){ "/nowhere/in", "", "", false }, -ENOENT, "/nowhere/in");
	refused(f, &(struct stdio_names){ "", f->folder, "", false }, -EISDIR, f->folder);
	refused(f, &(struct stdio_names){ "binary:///bin/true", "", "", false }, -EINVAL, "logger");
	refused(f, &(struct stdio_names){ "", "binary:///no/logger", "", false }, -ENOENT,
		"/no/logger");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uris),
		cmocka_unit_test(test_too_many_arguments),
		cmocka_unit_test_setup_teardown(test_fifo_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fifo_input, setup, teardown),
		cmocka_unit_test_setup_teardown(test_input_never, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_output, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logger, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logger_ready, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logger_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_logger_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
