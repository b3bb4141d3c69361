// SPDX-License-Identifier: GPL-2.0-or-later
/* kbm-proxyd --status: asks the daemon that runs. */
#include "daemon_status.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cleanup.h"
#include "message.h"

#define MOST	(64u << 20)
#define ENDED_TRIES	200
#define ENDED_PAUSE_US	20000

static int read_all(int fd, char **ret_text)
{
	size_t bytes = 0, room = 0;
	char *text = NULL, *more;
	ssize_t n;

	do {
		if (bytes + 1 >= room) {
			room = room * 2 + 65536;
			more = room > MOST ? NULL : realloc(text, room);
			if (!more) {
				free(text);
				return -ENOMEM;
			}
			text = more;
		}
		n = read(fd, text + bytes, room - bytes - 1);
		bytes += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	text[bytes] = 0;
	*ret_text = text;
	return 0;
}

static uint64_t number(struct json_object *session, const char *name)
{
	return json_object_get_uint64(json_object_object_get(session, name));
}

static void print_size(uint64_t bytes)
{
	if (bytes >= 10ull << 30)
		printf(" %7lluG", (unsigned long long)bytes >> 30);
	else if (bytes >= 10ull << 20)
		printf(" %7lluM", (unsigned long long)bytes >> 20);
	else
		printf(" %7lluK", (unsigned long long)bytes >> 10);
}

/* "2,5", or the number of the vCPUs where none is lent. */
static void print_cpus(struct json_object *session)
{
	struct json_object *cpus = json_object_object_get(session, "cpus");
	size_t n = json_object_array_length(cpus);

	for (size_t i = 0; i < n; i++)
		printf("%s%lld", i ? "," : "",
		       (long long)json_object_get_int64(json_object_array_get_idx(cpus, i)));
	printf("%s\n", n ? "" : "-");
}

static void print_session(struct json_object *session)
{
	struct json_object *counters = json_object_object_get(session, "counters");
	const char *name = json_object_get_string(json_object_object_get(session, "name"));

	printf("%7llu %-16s %-9s %7llu %7llu %5llu", (unsigned long long)number(session, "session"),
	       name && *name ? name : "-",
	       json_object_get_string(json_object_object_get(session, "transport")),
	       (unsigned long long)number(session, "twin"),
	       (unsigned long long)number(session, "client"),
	       (unsigned long long)number(session, "vcpus"));
	print_size(number(session, "memory") + number(session, "lent_memory"));
	print_size(number(session, "private_memory"));
	printf(" %5llu %10llu %10llu %10llu %7llu  ",
	       (unsigned long long)number(session, "descriptors"),
	       (unsigned long long)number(counters, "calls"),
	       (unsigned long long)number(counters, "runs"),
	       (unsigned long long)number(counters, "wakeups"),
	       (unsigned long long)number(counters, "errors"));
	print_cpus(session);
}

static int print_table(struct json_object *document)
{
	struct json_object *list = json_object_object_get(document, "sessions");

	if (!json_object_is_type(list, json_type_array))
		return -EPROTO;
	printf("%7s %-16s %-9s %7s %7s %5s %8s %8s %5s %10s %10s %10s %7s  %s\n", "SESSION",
	       "NAME", "TRANSPORT", "TWIN", "CLIENT", "VCPUS", "MEMORY", "PRIVATE", "FDS", "CALLS",
	       "RUNS", "WAKEUPS", "ERRORS", "LENT CPUS");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_session(json_object_array_get_idx(list, i));
	return 0;
}

static int get_document(const char *path, char **ret_text, struct json_object **ret_document)
{
	cleanup_close int fd = message_connect(path, SOCK_STREAM);
	int r = fd < 0 ? fd : read_all(fd, ret_text);

	if (r)
		return r;
	*ret_document = json_tokener_parse(*ret_text);
	return *ret_document ? 0 : -EPROTO;
}

int status_print(const char *path, int json)
{
	cleanup_free char *text = NULL;
	struct json_object *document;
	int r = get_document(path, &text, &document);

	if (r)
		return r;
	if (json)
		puts(text);
	else
		r = print_table(document);
	json_object_put(document);
	return r;
}

/* The daemon's pid, and how often it was told so; -ENXIO: it has no channel. */
static int count_ended(const char *path, pid_t *ret_pid, uint64_t *ret_count)
{
	cleanup_free char *text = NULL;
	struct json_object *document, *channel;
	int r = get_document(path, &text, &document);

	if (r)
		return r;
	channel = json_object_object_get(document, "channel");
	*ret_pid = (pid_t)number(document, "pid");
	*ret_count = channel ? number(channel, "control_bm_ended") : 0;
	json_object_put(document);
	return channel ? 0 : -ENXIO;
}

int status_control_bm_ended(const char *path)
{
	uint64_t before, now;
	pid_t pid;
	int r = count_ended(path, &pid, &before);

	if (r)
		return r;
	if (pid <= 1 || kill(pid, SIGUSR1) < 0)
		return -EPERM;
	for (unsigned int i = 0; i < ENDED_TRIES; i++) {
		r = count_ended(path, &pid, &now);
		if (r || now != before)
			return r;
		usleep(ENDED_PAUSE_US);
	}
	return -ETIMEDOUT;
}
