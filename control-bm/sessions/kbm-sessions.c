// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists the sessions of the channel, and ends those that nobody has any more. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <asm/kbm.h>
#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "list.h"
#include "sessions.h"

#define SESSIONS_PATH	"/sys/class/misc/kata-bm/sessions"
#define STATUS_FAILED	1
#define STATUS_USAGE	2

static const char help[] =
	"Usage: kbm-sessions [OPTION...]\n"
	"Lists the guests that this control BM, or an earlier one, has started.\n"
	"\n"
	"      --json         as JSON\n"
	"      --orphans      only those of an earlier control BM\n"
	"      --end=INDEX    end an orphan: its guest stops, all it had is given back\n"
	"      --end-orphans  end them all\n"
	"  -h, --help         print this\n"
	"\n"
	"Exit status: 1 something failed, 2 wrong usage.\n";

struct options {
	bool json;
	bool orphans;
	bool end_orphans;
	long end;
};

static const struct option long_options[] = {
	{ "json", no_argument, NULL, 'j' },
	{ "orphans", no_argument, NULL, 'o' },
	{ "end", required_argument, NULL, 'e' },
	{ "end-orphans", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static _Noreturn void refuse_usage(const char *what)
{
	fprintf(stderr, "kbm-sessions: %s: wrong; see --help\n", what);
	exit(STATUS_USAGE);
}

static long parse_index(const char *text)
{
	char *end;
	long index = strtol(text, &end, 10);

	if (end == text || *end || index < 0 || index >= SESSIONS_MAX)
		refuse_usage(text);
	return index;
}

static void parse_options(int argc, char **argv, struct options *options)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (letter == 'j')
			options->json = true;
		else if (letter == 'o')
			options->orphans = true;
		else if (letter == 'a')
			options->end_orphans = true;
		else if (letter == 'e')
			options->end = parse_index(optarg);
		else
			exit(letter == 'h' && fputs(help, stdout) >= 0 ? 0 : STATUS_USAGE);
	}
	if (optind != argc)
		refuse_usage(argv[optind]);
}

static void add_to_json(struct json_object *list, const struct session *session)
{
	struct json_object *one = json_object_new_object();
	struct json_object *cpus = json_object_new_array();
	struct json_object *extents = json_object_new_array();
	struct json_object *extent;

	json_object_object_add(one, "session", json_object_new_int64(session->index));
	json_object_object_add(one, "sequence", json_object_new_int64(session->sequence));
	json_object_object_add(one, "state", json_object_new_string(session->state));
	json_object_object_add(one, "owner", json_object_new_string(session->owner));
	json_object_object_add(one, "name", json_object_new_string(session->name));
	for (size_t i = 0; i < session->nr_cpus; i++)
		json_object_array_add(cpus, json_object_new_int64(session->apic_ids[i]));
	for (size_t i = 0; i < session->nr_extents; i++) {
		extent = json_object_new_object();
		json_object_object_add(extent, "start",
				       json_object_new_uint64(session->extents[i].start));
		json_object_object_add(extent, "bytes",
				       json_object_new_uint64(session->extents[i].bytes));
		json_object_array_add(extents, extent);
	}
	json_object_object_add(one, "apic_ids", cpus);
	json_object_object_add(one, "extents", extents);
	json_object_array_add(list, one);
}

/* Return: 0 or a negative errno. */
static int end_session(uint32_t index)
{
	char reason[256] = "";
	int fd = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC), r = 0;

	if (fd < 0 || ioctl(fd, KBM_END_SESSION, &index) < 0) {
		r = -errno;
		if (fd < 0 || read(fd, reason, sizeof(reason) - 1) <= 0)
			snprintf(reason, sizeof(reason), "%s", strerror(-r));
		fprintf(stderr, "kbm-sessions: session %u: %s\n", index, reason);
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static int visit(const struct session *session, const struct options *options,
		 struct json_object *list)
{
	if (options->end_orphans)
		return session_is_orphan(session) ? end_session(session->index) : 0;
	if (options->orphans && !session_is_orphan(session))
		return 0;
	if (options->json)
		add_to_json(list, session);
	else
		session_print(stdout, session);
	return 0;
}

/* Each session of the kernel's list, which is changed. Return: 0, or the last error. */
static int visit_all(char *text, const struct options *options, struct json_object *list)
{
	static struct session session;
	char *line;
	int one, r = 0;

	while ((line = strsep(&text, "\n"))) {
		if (!*line)
			continue;
		one = session_parse(line, &session);
		if (one < 0)
			fprintf(stderr, "%s: a line that is none; is this kernel a newer one?\n",
				SESSIONS_PATH);
		else
			one = visit(&session, options, list);
		r = one < 0 ? one : r;
	}
	return r;
}

static int list_sessions(const struct options *options)
{
	struct json_object *list = options->json ? json_object_new_array() : NULL;
	cleanup_free char *text = NULL;
	/* All of it first: to end a session changes it. */
	int r = list_read(SESSIONS_PATH, &text);

	if (r < 0) {
		fprintf(stderr, "%s: %s; is this the control BM?\n", SESSIONS_PATH, strerror(-r));
	} else {
		if (!options->json && !options->end_orphans)
			session_print(stdout, NULL);
		r = visit_all(text, options, list);
	}
	if (list && !r)
		puts(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PRETTY));
	json_object_put(list);
	return r;
}

int main(int argc, char **argv)
{
	struct options options = { .end = -1 };
	int r;

	parse_options(argc, argv, &options);
	if (options.end >= 0)
		r = end_session((uint32_t)options.end);
	else
		r = list_sessions(&options);
	return r < 0 ? STATUS_FAILED : 0;
}
