// SPDX-License-Identifier: GPL-2.0-or-later
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config_keys.h"
#include "problem.h"
#include "toml.h"

static int refuse_key(const char *name, const struct toml_entry *entry, struct problem *problem)
{
	const char *why = config_key_why_not(entry->path);

	return problem_set(problem, -EINVAL, "%s:%d: no such %s %s%s%s; see configuration.toml(5)",
			   name, entry->line, entry->is_table ? "table" : "key", entry->path,
			   why ? ": Kata has it, but here " : "", why ? why : "");
}

/* One entry of a text. */
static int take_entry(struct config *config, const char *name, const struct toml_entry *entry,
		      struct problem *problem)
{
	const struct config_key *key = config_key_find(entry->path);
	const char *why = NULL;
	int r;

	if (entry->is_table && config_table_exists(entry->path))
		return 0;
	if (!key || entry->is_table)
		return refuse_key(name, entry, problem);
	r = key->take(key, config, &entry->value, &why);
	if (r == -EINVAL)
		return problem_set(problem, r, "%s:%d: %s %s", name, entry->line, entry->path, why);
	return r;
}

static int take_text(struct config *config, const char *name, const char *text, size_t size,
		     struct problem *problem)
{
	__attribute__((cleanup(cleanup_toml))) struct toml *toml = NULL;
	int r;

	r = toml_parse(name, text, size, &toml, problem);
	for (size_t i = 0; r == 0 && i < toml->nr_entries; i++)
		r = take_entry(config, name, &toml->entries[i], problem);
	return r;
}

static int take_defaults(struct config *config, struct problem *problem)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -ENOMEM;
	for (size_t i = 0; i < config_nr_keys; i++)
		fprintf(stream, "%s = %s\n", config_keys[i].path, config_keys[i].standard);
	if (fclose(stream))
		return -ENOMEM;
	return take_text(config, "default", text, size, problem);
}

int config_parse(const char *name, const char *text, size_t size, struct config **ret,
		 struct problem *problem)
{
	struct config *config = calloc(1, sizeof(*config));
	int r;

	if (!config)
		return -ENOMEM;
	r = take_defaults(config, problem);
	if (r == 0)
		r = take_text(config, name, text, size, problem);
	if (r < 0) {
		config_free(config);
		return r;
	}
	config->vcpus = config->default_vcpus;
	config->memory = config->default_memory;
	*ret = config;
	return 0;
}

/* All of a file, up to one byte more than a configuration may have. */
static int read_file(const char *path, char **ret, size_t *ret_size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	cleanup_free char *text = NULL;
	struct stat status;
	size_t size = 0;
	ssize_t length;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EBADF;
	text = malloc(TOML_MAX_BYTES + 1);
	if (!text)
		return -ENOMEM;
	do {
		length = read(fd, text + size, TOML_MAX_BYTES + 1 - size);
		if (length < 0)
			return -errno;
		size += (size_t)length;
	} while (length);
	*ret = text;
	*ret_size = size;
	text = NULL;
	return 0;
}

int config_read(const char *path, struct config **ret, struct problem *problem)
{
	const char *name = path ? path : CONFIG_PATH;
	cleanup_free char *text = NULL;
	size_t size = 0;
	int r;

	r = read_file(name, &text, &size);
	if (r == -ENOENT && !path)
		return config_parse(name, "", 0, ret, problem);
	if (r == -EBADF)
		return problem_set(problem, r, "%s: not a regular file", name);
	if (r < 0)
		return problem_set(problem, r, "%s: cannot read the configuration: %s", name,
				   strerror(-r));
	return config_parse(name, text, size, ret, problem);
}

struct config *config_free(struct config *config)
{
	if (config)
		config_keys_free(config);
	free(config);
	return NULL;
}

const char *config_isolation_name(enum config_isolation isolation)
{
	static const char *const names[] = {
		[CONFIG_WALLED] = "walled", [CONFIG_DIRECT] = "direct", [CONFIG_NONE] = "none",
	};

	return names[isolation];
}
