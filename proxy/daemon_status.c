// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "cleanup.h"
#include "daemon_accept.h"
#include "daemon_session.h"

#define STATUS_FORMAT	1

/* An answer under way: the client reads at its own pace. */
struct answer {
	struct loop_operation operation;
	int socket;
	char *text;
	size_t bytes;
	size_t sent;
};

static void (*extend_document)(struct json_object *document);

static void add_number(struct json_object *to, const char *name, uint64_t value)
{
	json_object_object_add(to, name, json_object_new_uint64(value));
}

static void add_text(struct json_object *to, const char *name, const char *value)
{
	json_object_object_add(to, name, json_object_new_string(value));
}

/* Lent ones by their APIC IDs. */
static struct json_object *list_cpus(const struct status_page *page)
{
	struct json_object *list = json_object_new_array();
	uint32_t nr = page->nr_cpus < STATUS_CPUS ? page->nr_cpus : STATUS_CPUS;

	for (uint32_t i = 0; i < nr; i++)
		json_object_array_add(list, json_object_new_int64(page->cpus[i]));
	return list;
}

static uint64_t sum(const struct status_page *page, enum status_counter counter)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < STATUS_LANES; i++)
		value += page->lanes[i].counters[counter];
	return value;
}

/* The size of this folder is the number of its files, from Linux 6.2 on. */
static void add_descriptors(struct json_object *to, pid_t pid)
{
	struct stat status;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (!stat(path, &status) && status.st_size)
		add_number(to, "descriptors", (uint64_t)status.st_size);
}

/* Bytes of a line of /proc/PID/status, such as RssAnon. */
static void add_private_memory(struct json_object *to, pid_t pid)
{
	unsigned long long kib;
	char path[32], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "RssAnon: %llu kB", &kib) == 1)
			add_number(to, "private_memory", kib << 10);
	}
	fclose(file);
}

static struct json_object *list_counters(const struct status_page *page)
{
	struct json_object *counters = json_object_new_object();

	add_number(counters, "calls", sum(page, STATUS_CALLS));
	add_number(counters, "runs", sum(page, STATUS_RUNS));
	add_number(counters, "wakeups", sum(page, STATUS_WAKEUPS));
	add_number(counters, "errors", sum(page, STATUS_ERRORS));
	return counters;
}

static void describe_record(struct json_object *session, const struct session_record *record)
{
	add_number(session, "session", record->session);
	add_text(session, "transport", record->transport);
	add_number(session, "index", record->index);
	add_number(session, "twin", (uint64_t)record->pid);
	add_number(session, "client", (uint64_t)record->client_pid);
	add_number(session, "uid", record->client_uid);
	add_number(session, "started", record->started);
}

static struct json_object *describe(const struct session_view *view)
{
	struct json_object *session = json_object_new_object();
	const struct status_page *page = &view->page;

	describe_record(session, &view->record);
	add_text(session, "name", page->name);
	json_object_object_add(session, "greeted", json_object_new_boolean(page->greeted != 0));
	add_number(session, "vms", page->objects[HANDLE_VM]);
	add_number(session, "vcpus", page->objects[HANDLE_VCPU]);
	add_number(session, "rings", page->rings);
	json_object_object_add(session, "cpus", list_cpus(page));
	add_number(session, "memory", page->memory);
	add_number(session, "lent_memory", page->lent_memory);
	add_private_memory(session, view->record.pid);
	add_descriptors(session, view->record.pid);
	json_object_object_add(session, "counters", list_counters(page));
	return session;
}

static struct json_object *make_document(void)
{
	unsigned int n = sessions_count();
	struct json_object *document = json_object_new_object(), *list;
	cleanup_free struct session_view *views = calloc(n + 1, sizeof(*views));

	list = json_object_new_array();
	add_number(document, "format", STATUS_FORMAT);
	add_number(document, "pid", (uint64_t)getpid());
	n = views ? sessions_copy(views, n) : 0;
	for (unsigned int i = n; i--; )
		json_object_array_add(list, describe(&views[i]));
	json_object_object_add(document, "sessions", list);
	if (extend_document)
		extend_document(document);
	return document;
}

static void free_answer(struct answer *answer)
{
	close_fd(answer->socket);
	free(answer->text);
	free(answer);
}

static void send_more(struct loop_operation *operation, int result)
{
	struct answer *answer = (struct answer *)operation;

	answer->sent += result > 0 ? (size_t)result : 0;
	if (result < 0 || answer->sent == answer->bytes ||
	    loop_send(operation, answer->socket, answer->text + answer->sent,
		      answer->bytes - answer->sent))
		free_answer(answer);
}

static void start_answer(int socket)
{
	struct json_object *document = make_document();
	struct answer *answer = calloc(1, sizeof(*answer));
	const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PRETTY);

	if (answer && text)
		answer->text = strdup(text);
	json_object_put(document);
	if (!answer || !answer->text) {
		close_fd(socket);
		free(answer);
		return;
	}
	answer->socket = socket;
	answer->bytes = strlen(answer->text);
	answer->operation.done = send_more;
	send_more(&answer->operation, 0);
}

int status_serve(int socket, void (*extend)(struct json_object *document))
{
	static struct acceptor acceptor = { .what = "status", .accepted = start_answer };

	extend_document = extend;
	acceptor.socket = socket;
	return acceptor_start(&acceptor);
}
