// SPDX-License-Identifier: GPL-2.0-or-later
/* io.katacontainers.config.* of a pod, as far as enable_annotations goes. */
#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "config.h"
#include "config_keys.h"
#include "problem.h"
#include "toml.h"

#define PREFIX	"io.katacontainers.config."

/* Tables of the configuration by the first part of an annotation's name. */
static const struct {
	const char *part;
	const char *table;
} tables[] = {
	{ "hypervisor.", "hypervisor.qemu." },
	{ "agent.", "agent.kata." },
	{ "runtime.", "runtime." },
};

/* "hypervisor.default_vcpus" -> "hypervisor.qemu.default_vcpus" */
static const struct config_key *find_key(const char *name)
{
	char path[128];

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		size_t length = strlen(tables[i].part);

		if (strncmp(name, tables[i].part, length))
			continue;
		if (snprintf(path, sizeof(path), "%s%s", tables[i].table, name + length) >=
		    (int)sizeof(path))
			return NULL;
		return config_key_find(path);
	}
	return NULL;
}

/* A pattern has to match all of the name, else "vcpus" would allow them all. */
static bool is_match(const char *pattern, const char *name)
{
	regmatch_t match = { 0 };
	regex_t regex;
	bool result;

	if (regcomp(&regex, pattern, REG_EXTENDED))
		return false;
	result = !regexec(&regex, name, 1, &match, 0) && match.rm_so == 0 &&
		 match.rm_eo == (regoff_t)strlen(name);
	regfree(&regex);
	return result;
}

static bool is_allowed(const struct config *config, const struct config_key *key)
{
	const char *name = strrchr(key->path, '.') + 1;

	for (size_t i = 0; !key->is_ours && i < config->enable_annotations.nr; i++)
		if (is_match(config->enable_annotations.items[i], name))
			return true;
	return false;
}

/* Annotations are strings; what they mean depends on the key: try the plain value, then a string. */
static int take_value(struct config *config, const struct config_key *key, const char *text,
		      const char **ret_why)
{
	struct toml_value value = { .type = TOML_STRING, .string = (char *)text };
	char *end;
	int r;

	r = key->take(key, config, &value, ret_why);
	if (r != -EINVAL || !*text)
		return r;
	errno = 0;
	value.integer = strtoll(text, &end, 10);
	value.type = TOML_INTEGER;
	if (!errno && !*end && strchr("-0123456789", *text))
		return key->take(key, config, &value, ret_why);
	value.type = TOML_BOOLEAN;
	value.boolean = !strcmp(text, "true");
	if (value.boolean || !strcmp(text, "false"))
		return key->take(key, config, &value, ret_why);
	return r;
}

/* kernel_params of a pod come after those of the configuration, as with Kata. */
static int take_after(struct config *config, const struct config_key *key, const char *text,
		      const char **ret_why)
{
	cleanup_free char *both = NULL;

	if (strcmp(key->path, "hypervisor.qemu.kernel_params"))
		return take_value(config, key, text, ret_why);
	if (asprintf(&both, "%s%s%s", config->kernel_params, *config->kernel_params ? " " : "",
		     text) < 0)
		return -ENOMEM;
	return take_value(config, key, both, ret_why);
}

static int take_annotation(struct config *config, const char *name, struct json_object *object,
			   struct problem *problem)
{
	const struct config_key *key = find_key(name + strlen(PREFIX));
	const char *text, *why = NULL;
	int r;

	if (!key)
		return problem_set(problem, -EINVAL,
				   "annotation %s: no such key here; see configuration.toml(5)",
				   name);
	if (!is_allowed(config, key))
		return problem_set(problem, -EPERM, "annotation %s: %s", name,
				   key->is_ours ? "only configuration.toml can set this" :
				   "not allowed by enable_annotations in configuration.toml");
	if (!json_object_is_type(object, json_type_string))
		return problem_set(problem, -EINVAL, "annotation %s: not a string", name);
	text = json_object_get_string(object);
	r = take_after(config, key, text, &why);
	if (r == -EINVAL)
		return problem_set(problem, r, "annotation %s = '%.100s': %s", name, text, why);
	return r;
}

int config_annotate(struct config *config, struct json_object *spec, struct problem *problem)
{
	struct json_object *annotations;
	int r = 0;

	if (!json_object_object_get_ex(spec, "annotations", &annotations) || !annotations)
		return 0;
	if (!json_object_is_type(annotations, json_type_object))
		return problem_set(problem, -EINVAL, "config.json: annotations are not an object");
	json_object_object_foreach(annotations, name, value)
		if (r == 0 && !strncmp(name, PREFIX, strlen(PREFIX)))
			r = take_annotation(config, name, value, problem);
	config->vcpus = config->default_vcpus;
	config->memory = config->default_memory;
	return r;
}
