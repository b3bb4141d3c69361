// SPDX-License-Identifier: GPL-2.0-or-later
/* The publisher of events against a containerd that is there, or not, or ill. */
#include "ttrpc_raw.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "containerd/events.pb-c.h"
#include "containerd/task_events.pb-c.h"
#include "events/publisher.h"
#include "protocols/any.h"

static struct ev_loop *loop;
static struct events_publisher *publisher;
static char folder[64];
static char address[100];
static char binary[128];
static char record[128];

/* What containerd saw. */
static struct ttrpc_server *server;
static unsigned int nr_seen;
static uint32_t pids_seen[4 * EVENTS_MAX_QUEUED];
static char last_topic[64], last_namespace[64], last_type[64], last_metadata[64];
static int64_t last_seconds;
static unsigned int nr_to_fail;
static enum ttrpc_code failure;
static bool answers;
static struct ttrpc_call *unanswered;
static unsigned int nr_hung_up;

static unsigned int nr_lost;
static char lost_topic[64], lost_why[256];
static unsigned int nr_drained;
static size_t left_drained;
static bool free_when_drained;

static void take_event(struct ttrpc_call *call, const ProtobufCMessage *message, void *context)
{
	const Containerd__Services__Events__Ttrpc__V1__ForwardRequest *request =
		(const void *)message;
	const Containerd__Services__Events__Ttrpc__V1__Envelope *envelope = request->envelope;
	Google__Protobuf__Empty empty = GOOGLE__PROTOBUF__EMPTY__INIT;
	Containerd__Events__TaskStart *start;
	const char *metadata = ttrpc_call_metadata(call, "containerd-namespace-ttrpc");

	(void)context;
	assert_int_equal(any_unpack(envelope->event, &containerd__events__task_start__descriptor,
				    (ProtobufCMessage **)&start),
			 0);
	pids_seen[nr_seen++] = start->pid;
	containerd__events__task_start__free_unpacked(start, NULL);
	snprintf(last_topic, sizeof(last_topic), "%s", envelope->topic);
	snprintf(last_namespace, sizeof(last_namespace), "%s", envelope->namespace_);
	snprintf(last_type, sizeof(last_type), "%s", envelope->event->type_url);
	snprintf(last_metadata, sizeof(last_metadata), "%s", metadata ? metadata : "none");
	last_seconds = envelope->timestamp->seconds;
	if (!answers) {
		unanswered = call;
	} else if (nr_to_fail) {
		nr_to_fail--;
		ttrpc_call_fail(call, failure, "not now");
	} else {
		ttrpc_call_reply(call, &empty.base);
	}
}

static const struct ttrpc_method methods[] = { { "Forward", take_event }, { NULL, NULL } };
static const struct ttrpc_service service = {
	&containerd__services__events__ttrpc__v1__events__descriptor, NULL, methods, NULL
};

static void on_hung_up(int error, void *context)
{
	(void)error;
	assert_ptr_equal(context, &nr_hung_up);
	nr_hung_up++;
}

static void start_containerd(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(name.sun_path, sizeof(name.sun_path), "%s", address);
	unlink(address);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	assert_int_equal(listen(fd, 10), 0);
	assert_int_equal(ttrpc_server_new(loop, &service, 1, &server), 0);
	assert_int_equal(ttrpc_server_listen(server, fd), 0);
	ttrpc_server_on_closed(server, on_hung_up, &nr_hung_up);
}

static void stop_containerd(void)
{
	ttrpc_server_free(server);
	server = NULL;
	if (unanswered)
		ttrpc_call_fail(unanswered, TTRPC_CANCELED, "too late");
	unanswered = NULL;
}

static void write_binary(const char *script)
{
	FILE *file = fopen(binary, "we");

	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", script);
	fclose(file);
	assert_int_equal(chmod(binary, 0755), 0);
}

static void on_lost(const char *topic, const char *why, void *context)
{
	assert_ptr_equal(context, &nr_lost);
	nr_lost++;
	snprintf(lost_topic, sizeof(lost_topic), "%s", topic);
	snprintf(lost_why, sizeof(lost_why), "%s", why);
}

static void make_publisher(const char *ttrpc, const char *command)
{
	assert_int_equal(events_publisher_new(loop, ttrpc, "/run/grpc", command, "k8s.io",
					      &publisher),
			 0);
	events_on_lost(publisher, on_lost, &nr_lost);
}

static int start(void **state)
{
	(void)state;
	loop = ev_loop_new(EVFLAG_AUTO);
	assert_non_null(loop);
	snprintf(folder, sizeof(folder), "/tmp/events.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(address, sizeof(address), "%s/ttrpc", folder);
	snprintf(binary, sizeof(binary), "%s/containerd", folder);
	snprintf(record, sizeof(record), "%s/record", folder);
	nr_seen = 0;
	nr_hung_up = 0;
	nr_to_fail = 0;
	failure = TTRPC_UNAVAILABLE;
	answers = true;
	nr_lost = 0;
	nr_drained = 0;
	free_when_drained = false;
	publisher = NULL;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	events_publisher_free(publisher);
	stop_containerd();
	ev_loop_destroy(loop);
	unlink(address);
	unlink(binary);
	unlink(record);
	return rmdir(folder);
}

static int publish(uint32_t pid)
{
	Containerd__Events__TaskStart event = CONTAINERD__EVENTS__TASK_START__INIT;

	event.container_id = "c1";
	event.pid = pid;
	return events_publish(publisher, "/tasks/start", &event.base);
}

static void assert_seen_in_order(unsigned int nr)
{
	assert_int_equal(nr_seen, nr);
	for (unsigned int i = 0; i < nr; i++)
		assert_int_equal(pids_seen[i], i);
}

static void events_arrive_in_order(void **state)
{
	int64_t before = time(NULL);

	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(publish(i), 0);
	/* Not from within the call. */
	assert_int_equal(nr_seen, 0);
	UNTIL(!events_queued(publisher));
	assert_seen_in_order(500);
	assert_string_equal(last_topic, "/tasks/start");
	assert_string_equal(last_namespace, "k8s.io");
	assert_string_equal(last_metadata, "k8s.io");
	assert_string_equal(last_type, "containerd.events.TaskStart");
	assert_in_range(last_seconds, before, time(NULL));
	assert_int_equal(publish(500), 0);
	UNTIL(!events_queued(publisher));
	assert_seen_in_order(501);
	assert_int_equal(nr_lost, 0);
}

static void queues_are_bounded(void **state)
{
	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	for (uint32_t i = 0; i < EVENTS_MAX_QUEUED; i++)
		assert_int_equal(publish(i), 0);
	assert_int_equal(publish(9999), -ENOBUFS);
	UNTIL(!events_queued(publisher));
	assert_seen_in_order(EVENTS_MAX_QUEUED);
}

static void failures_are_tried_again_in_order(void **state)
{
	double before = raw_now();

	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	nr_to_fail = EVENTS_MAX_REQUEUES;
	assert_int_equal(publish(0), 0);
	assert_int_equal(publish(1), 0);
	UNTIL(!events_queued(publisher));
	assert_int_equal(nr_seen, EVENTS_MAX_REQUEUES + 2);
	for (unsigned int i = 0; i <= EVENTS_MAX_REQUEUES; i++)
		assert_int_equal(pids_seen[i], 0);
	assert_int_equal(pids_seen[EVENTS_MAX_REQUEUES + 1], 1);
	/* 1 + 2 + 3 + 4 + 5 */
	assert_true(raw_now() - before >= 15 * EVENTS_BACKOFF_SECONDS);
	assert_int_equal(nr_lost, 0);
}

static void events_are_lost_after_the_last_attempt(void **state)
{
	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	nr_to_fail = EVENTS_MAX_REQUEUES + 1;
	assert_int_equal(publish(0), 0);
	assert_int_equal(publish(1), 0);
	UNTIL(!events_queued(publisher));
	assert_int_equal(nr_lost, 1);
	assert_string_equal(lost_topic, "/tasks/start");
	assert_non_null(strstr(lost_why, "not now"));
	assert_non_null(strstr(lost_why, address));
	assert_int_equal(nr_seen, EVENTS_MAX_REQUEUES + 2);
	assert_int_equal(pids_seen[nr_seen - 1], 1);
}

static void invalid_events_do_not_hold_up_others(void **state)
{
	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	nr_to_fail = 1;
	failure = TTRPC_INVALID_ARGUMENT;
	assert_int_equal(publish(0), 0);
	assert_int_equal(publish(1), 0);
	UNTIL(!events_queued(publisher));
	assert_seen_in_order(2);
	assert_int_equal(nr_lost, 1);
}

static void containerd_may_come_later_and_go(void **state)
{
	(void)state;
	make_publisher(address, NULL);
	assert_int_equal(publish(0), 0);
	for (int i = 0; i < 3; i++)
		ev_run(loop, EVRUN_ONCE);
	start_containerd();
	UNTIL(nr_seen == 1);
	/* With nothing under way, and with something. */
	stop_containerd();
	start_containerd();
	assert_int_equal(publish(1), 0);
	UNTIL(nr_seen == 2);
	answers = false;
	assert_int_equal(publish(2), 0);
	assert_int_equal(publish(3), 0);
	UNTIL(unanswered);
	stop_containerd();
	answers = true;
	start_containerd();
	UNTIL(!events_queued(publisher));
	/* At least once: it cannot know that containerd has seen it. */
	assert_int_equal(nr_seen, 5);
	assert_int_equal(pids_seen[2], 2);
	assert_int_equal(pids_seen[3], 2);
	assert_int_equal(pids_seen[4], 3);
	assert_int_equal(nr_lost, 0);
}

static void silence_has_a_limit(void **state)
{
	double before = raw_now();

	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	answers = false;
	assert_int_equal(publish(0), 0);
	UNTIL(unanswered);
	answers = true;
	UNTIL(!events_queued(publisher));
	assert_true(raw_now() - before >= EVENTS_FORWARD_SECONDS);
	assert_int_equal(nr_seen, 2);
	/* The second came over a new connection. */
	assert_int_equal(nr_hung_up, 1);
}

static size_t read_record(char *text, size_t size)
{
	FILE *file = fopen(record, "re");
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, size - 1, file);
	text[length] = 0;
	fclose(file);
	return length;
}

static void assert_record(const char *words, uint32_t pid)
{
	Containerd__Events__TaskStart *event;
	Google__Protobuf__Any *any;
	char text[1024];
	size_t length = read_record(text, sizeof(text)), head = strlen(words);

	assert_true(length > head);
	assert_memory_equal(text, words, head);
	any = google__protobuf__any__unpack(NULL, length - head, (uint8_t *)text + head);
	assert_non_null(any);
	assert_int_equal(any_unpack(any, &containerd__events__task_start__descriptor,
				    (ProtobufCMessage **)&event),
			 0);
	assert_int_equal(event->pid, pid);
	containerd__events__task_start__free_unpacked(event, NULL);
	any_free(any);
}

static void the_command_takes_over(void **state)
{
	char script[256];

	(void)state;
	snprintf(script, sizeof(script), "{ echo \"$@\"; cat; } >%s", record);
	write_binary(script);
	/* Without an address, and after the last attempt. */
	make_publisher("", binary);
	assert_int_equal(publish(7), 0);
	UNTIL(!events_queued(publisher));
	assert_record("--address /run/grpc publish --topic /tasks/start --namespace k8s.io\n", 7);
	events_publisher_free(publisher);
	make_publisher(address, binary);
	assert_int_equal(publish(8), 0);
	UNTIL(!events_queued(publisher));
	assert_record("--address /run/grpc publish --topic /tasks/start --namespace k8s.io\n", 8);
	assert_int_equal(nr_lost, 0);
}

static void commands_keep_order(void **state)
{
	char script[256], text[64];

	(void)state;
	snprintf(script, sizeof(script), "sleep 0.01; tail -c 1 >>%s", record);
	write_binary(script);
	make_publisher(NULL, binary);
	for (uint32_t i = 0; i < 10; i++)
		assert_int_equal(publish('a' + i), 0);
	UNTIL(!events_queued(publisher));
	read_record(text, sizeof(text));
	assert_string_equal(text, "abcdefghij");
}

static void commands_may_fail(void **state)
{
	double before = raw_now();

	(void)state;
	write_binary("exit 3");
	make_publisher(NULL, binary);
	assert_int_equal(publish(0), 0);
	UNTIL(!events_queued(publisher));
	assert_int_equal(nr_lost, 1);
	assert_non_null(strstr(lost_why, "it failed"));
	write_binary("exec sleep 60");
	assert_int_equal(publish(1), 0);
	UNTIL(!events_queued(publisher));
	assert_int_equal(nr_lost, 2);
	assert_non_null(strstr(lost_why, strerror(ETIMEDOUT)));
	assert_true(raw_now() - before >= EVENTS_FORWARD_SECONDS);
	unlink(binary);
	assert_int_equal(publish(2), 0);
	UNTIL(!events_queued(publisher));
	assert_int_equal(nr_lost, 3);
	assert_non_null(strstr(lost_why, strerror(ENOENT)));
}

static void on_drained(size_t left, void *context)
{
	assert_ptr_equal(context, &nr_drained);
	nr_drained++;
	left_drained = left;
	if (free_when_drained) {
		events_publisher_free(publisher);
		publisher = NULL;
	}
}

static void draining_waits_for_the_last(void **state)
{
	double before = raw_now();

	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(publish(i), 0);
	assert_int_equal(events_drain(publisher, 10, on_drained, &nr_drained), 0);
	assert_int_equal(events_drain(publisher, 10, on_drained, &nr_drained), -EBUSY);
	assert_int_equal(nr_drained, 0);
	UNTIL(nr_drained);
	assert_seen_in_order(5);
	assert_int_equal(left_drained, 0);
	/* An empty queue, and again. */
	free_when_drained = true;
	assert_int_equal(events_drain(publisher, 10, on_drained, &nr_drained), 0);
	assert_int_equal(nr_drained, 1);
	UNTIL(nr_drained == 2);
	assert_null(publisher);
	/* And no longer. */
	assert_true(raw_now() - before < 10);
}

static void publishers_may_be_freed_when_drained(void **state)
{
	(void)state;
	start_containerd();
	make_publisher(address, NULL);
	free_when_drained = true;
	assert_int_equal(publish(0), 0);
	assert_int_equal(events_drain(publisher, 10, on_drained, &nr_drained), 0);
	UNTIL(nr_drained);
	write_binary("exit 0");
	make_publisher(NULL, binary);
	assert_int_equal(publish(0), 0);
	assert_int_equal(events_drain(publisher, 10, on_drained, &nr_drained), 0);
	UNTIL(nr_drained == 2);
	assert_null(publisher);
}

static void draining_has_a_limit(void **state)
{
	(void)state;
	start_containerd();
	answers = false;
	make_publisher(address, NULL);
	assert_int_equal(publish(0), 0);
	assert_int_equal(publish(1), 0);
	assert_int_equal(events_drain(publisher, 0.1, on_drained, &nr_drained), 0);
	UNTIL(nr_drained);
	assert_int_equal(left_drained, 2);
}

static void publishers_may_be_freed_at_any_time(void **state)
{
	(void)state;
	start_containerd();
	answers = false;
	make_publisher(address, NULL);
	assert_int_equal(publish(0), 0);
	assert_int_equal(publish(1), 0);
	UNTIL(unanswered);
	events_publisher_free(publisher);
	/* Nothing of it is left in the loop. */
	usleep((useconds_t)(2e6 * EVENTS_BACKOFF_SECONDS));
	raw_turn(loop);
	write_binary("exec sleep 60");
	make_publisher(NULL, binary);
	assert_int_equal(publish(0), 0);
	for (int i = 0; i < 3; i++)
		raw_turn(loop);
	events_publisher_free(publisher);
	publisher = NULL;
	assert_int_equal(events_publisher_new(loop, "", "", NULL, "", &publisher), -EINVAL);
	assert_null(publisher);
	assert_int_equal(nr_lost, 0);
}

#define CASE(name)	cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(events_arrive_in_order),
		CASE(queues_are_bounded),
		CASE(failures_are_tried_again_in_order),
		CASE(events_are_lost_after_the_last_attempt),
		CASE(invalid_events_do_not_hold_up_others),
		CASE(containerd_may_come_later_and_go),
		CASE(silence_has_a_limit),
		CASE(the_command_takes_over),
		CASE(commands_keep_order),
		CASE(commands_may_fail),
		CASE(draining_waits_for_the_last),
		CASE(publishers_may_be_freed_when_drained),
		CASE(draining_has_a_limit),
		CASE(publishers_may_be_freed_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
