// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "ini_file.h"
#include "wire.h"

#define KIB	(1ull << 10)
#define MIB	(1ull << 20)
#define GIB	(1ull << 30)

/* Rings have two descriptors each; some more for the twin itself. */
#define DESCRIPTORS_ALL	(KBM_MAX_HANDLES + 2 * KBM_MAX_RINGS + 64)

enum key_kind { KEY_TEXT, KEY_PATH, KEY_LEVEL, KEY_BOOL, KEY_NUMBER, KEY_SIZE };

/* One key: where its value goes, and what it may be. */
struct key {
	const char *section;
	const char *name;
	enum key_kind kind;
	size_t offset;
	uint64_t least;
	uint64_t most;
};

#define AT(field)	offsetof(struct daemon_config, field)

static const struct key keys[] = {
	{ "daemon", "run-directory", KEY_PATH, AT(run_directory), 0, 0 },
	{ "daemon", "socket", KEY_PATH, AT(socket), 0, 0 },
	{ "daemon", "status-socket", KEY_PATH, AT(status_socket), 0, 0 },
	{ "daemon", "socket-group", KEY_TEXT, AT(socket_group), 0, 0 },
	{ "daemon", "log-level", KEY_LEVEL, AT(log_level), 0, 0 },
	{ "sessions", "max", KEY_NUMBER, AT(max_sessions), 1, 65536 },
	{ "sessions", "greeting-seconds", KEY_NUMBER, AT(greeting_seconds), 1, 3600 },
	{ "twin", "user", KEY_TEXT, AT(twin_user), 0, 0 },
	{ "twin", "namespaces", KEY_BOOL, AT(namespaces), 0, 0 },
	{ "twin", "huge-pages", KEY_BOOL, AT(huge_pages), 0, 0 },
	{ "twin", "descriptors", KEY_NUMBER, AT(descriptors), 64, 1u << 20 },
	{ "twin", "private-memory", KEY_SIZE, AT(private_bytes), 4 * MIB, 1024 * GIB },
	{ "channel", "enabled", KEY_BOOL, AT(channel), 0, 0 },
	{ "channel", "memory", KEY_SIZE, AT(channel_bytes), 2 * MIB, 1024 * MIB },
	{ "channel", "session-memory", KEY_SIZE, AT(session_bytes), 64 * KIB, 64 * MIB },
	{ "channel", "node", KEY_NUMBER, AT(channel_node), 0, 1023 },
};

void daemon_config_init(struct daemon_config *config)
{
	*config = (struct daemon_config){
		.run_directory = "/run/kata-bm",
		.log_level = LOG_LEVEL_INFO,
		.max_sessions = 1024,
		.greeting_seconds = 10,
		.twin_user = "nobody",
		.namespaces = true,
		.huge_pages = true,
		.descriptors = DESCRIPTORS_ALL,
		.private_bytes = 2 * GIB,
		.channel = true,
		.channel_bytes = 64 * MIB,
		.session_bytes = 2 * MIB,
	};
}

static int parse_number(const char *text, bool size, uint64_t *ret_value)
{
	char *end;
	uint64_t value;
	unsigned int shift = 0;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno)
		return -errno;
	if (size && *end && strchr("KMG", *end))
		shift = *end == 'K' ? 10 : *end == 'M' ? 20 : 30, end++;
	if (*end || value > UINT64_MAX >> shift)
		return -EINVAL;
	*ret_value = value << shift;
	return 0;
}

/* Each returns what is wrong, or NULL. */
static const char *set_text(char *field, const struct key *key, const char *value)
{
	if (strlen(value) >= DAEMON_CONFIG_TEXT)
		return "is longer than 255 bytes";
	if (key->kind == KEY_PATH && value[0] != '/')
		return "must be a path that starts with /";
	memcpy(field, value, strlen(value) + 1);
	return NULL;
}

static const char *set_bool(bool *field, const char *value)
{
	*field = !strcmp(value, "yes");
	return *field || !strcmp(value, "no") ? NULL : "must be yes or no";
}

static const char *set_number(uint64_t *field, const struct key *key, const char *value)
{
	static char range[96];
	uint64_t number = 0;

	if (!parse_number(value, key->kind == KEY_SIZE, &number) && number >= key->least &&
	    number <= key->most) {
		*field = number;
		return NULL;
	}
	snprintf(range, sizeof(range), "must be a number from %llu to %llu%s",
		 (unsigned long long)key->least, (unsigned long long)key->most,
		 key->kind == KEY_SIZE ? " bytes (K, M, G may follow it)" : "");
	return range;
}

static const char *set_key(struct daemon_config *config, const struct key *key, const char *value)
{
	void *field = (char *)config + key->offset;

	switch (key->kind) {
	case KEY_LEVEL:
		return log_level_parse(value, field) ?
			"must be error, warning, info or debug" : NULL;
	case KEY_BOOL:
		return set_bool(field, value);
	case KEY_NUMBER:
	case KEY_SIZE:
		return set_number(field, key, value);
	default:
		return set_text(field, key, value);
	}
}

static const struct key *find_key(const char *section, const char *name)
{
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
			return &keys[i];
	}
	return NULL;
}

static const char *take_key(void *user, const char *section, const char *name, const char *value)
{
	const struct key *key = find_key(section, name);

	return key ? set_key(user, key, value) : "is no key of this section; see proxyd.conf(5)";
}

int daemon_config_read(struct daemon_config *config, const char *path, bool optional)
{
	return ini_file_read(path, optional, take_key, config);
}

static int default_path(char *field, const char *directory, const char *name)
{
	if (*field)
		return 0;
	return snprintf(field, DAEMON_CONFIG_TEXT, "%s/%s", directory, name) <
	       DAEMON_CONFIG_TEXT ? 0 : -ENAMETOOLONG;
}

static int check_socket(const char *path, const char *name, const char *file)
{
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (strlen(path) <= most)
		return 0;
	fprintf(stderr, "%s: [daemon] %s = %s: longer than %zu bytes; take a shorter path\n",
		file, name, path, most);
	return -ENAMETOOLONG;
}

int daemon_config_finish(struct daemon_config *config, const char *path)
{
	int r = default_path(config->socket, config->run_directory, "proxyd.socket");

	if (!r)
		r = default_path(config->status_socket, config->run_directory, "status.socket");
	if (!r)
		r = check_socket(config->socket, "socket", path);
	if (!r)
		r = check_socket(config->status_socket, "status-socket", path);
	if (r)
		return r;
	if (config->channel_bytes % config->session_bytes) {
		fprintf(stderr, "%s: [channel] memory = %llu: must be a multiple of session-memory, %llu\n",
			path, (unsigned long long)config->channel_bytes,
			(unsigned long long)config->session_bytes);
		return -EINVAL;
	}
	return 0;
}
