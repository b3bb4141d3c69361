// SPDX-License-Identifier: GPL-2.0-or-later
#include "bootstrap.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "bootstrap.pb-c.h"
#include "config/problem.h"
#include "memory.h"
#include "options.h"
#include "protocols/any.h"

#define MAX_SIZE (4u << 20)
/* Part of a bundle's path: the plugin of containerd 2.x whose state it is. */
#define SANDBOX_CONTROLLER "/io.containerd.sandbox.controller.v1."
#define SANDBOX_VERSION 3
/* Of log_level. */
#define LEVEL_DEBUG -4

int bootstrap_read(int fd, void **ret_data, size_t *ret_size, struct problem *problem)
{
	cleanup_free char *data = malloc(MAX_SIZE + 1);
	size_t size = 0;
	ssize_t n = 1;

	while (data && n && size <= MAX_SIZE) {
		n = read(fd, data + size, MAX_SIZE + 1 - size);
		if (n < 0)
			return problem_set(problem, -errno, "standard input: %s", strerror(errno));
		size += (size_t)n;
	}
	if (!data || size > MAX_SIZE)
		return problem_set(problem, -EFBIG,
				   "standard input: more than %u MiB of runtime "
				   "options",
				   MAX_SIZE >> 20);
	*ret_data = realloc(data, size + 1);
	*ret_size = size;
	data = NULL;
	return 0;
}

static Google__Protobuf__Any *copy_any(const Google__Protobuf__Any *any)
{
	Google__Protobuf__Any *copy;

	if (any_from_bytes(any->type_url, any->value.data, any->value.len, &copy) < 0)
		abort();
	return copy;
}

static void take_params(const Containerd__Runtime__Bootstrap__V1__BootstrapParams *params,
			struct bootstrap *bootstrap)
{
	bootstrap->debug = params->log_level <= LEVEL_DEBUG;
	if (params->socket_dir && *params->socket_dir)
		bootstrap->socket_dir = must_strdup(params->socket_dir);
	for (size_t i = 0; i < params->n_extensions && !bootstrap->options; i++) {
		const Google__Protobuf__Any *any = params->extensions[i]->value;

		if (any_is(any, "runtimeoptions.v1.Options"))
			bootstrap->options = copy_any(any);
	}
}

typedef Containerd__Runtime__Bootstrap__V1__BootstrapParams Params;

static bool is_ours(const Params *params, const struct options *options)
{
	return params && !strcmp(params->instance_id, options->id) &&
	       !strcmp(params->namespace_, options->namespace_);
}

int bootstrap_parse(const void *data, size_t size, const struct options *options,
		    struct bootstrap *ret_bootstrap, struct problem *problem)
{
	struct bootstrap bootstrap = { 0 };
	Params *params = NULL;
	int r = 0;

	if (size)
		params = containerd__runtime__bootstrap__v1__bootstrap_params__unpack(NULL, size,
										      data);
	if (is_ours(params, options))
		take_params(params, &bootstrap);
	else if (size)
		bootstrap.options = google__protobuf__any__unpack(NULL, size, data);
	if (size && !bootstrap.options && !is_ours(params, options))
		r = problem_set(problem, -EINVAL,
				"standard input: %zu bytes that are neither "
				"runtime options nor BootstrapParams",
				size);
	if (params)
		containerd__runtime__bootstrap__v1__bootstrap_params__free_unpacked(params, NULL);
	if (!r)
		*ret_bootstrap = bootstrap;
	return r;
}

void bootstrap_done(struct bootstrap *bootstrap)
{
	any_free(bootstrap->options);
	free(bootstrap->socket_dir);
}

char *bootstrap_answer(const char *bundle, const char *address)
{
	struct json_object *answer;
	char *text;

	if (!strstr(bundle, SANDBOX_CONTROLLER))
		return must_strdup(address);
	answer = json_object_new_object();
	json_object_object_add(answer, "version", json_object_new_int(SANDBOX_VERSION));
	json_object_object_add(answer, "address", json_object_new_string(address));
	json_object_object_add(answer, "protocol", json_object_new_string("ttrpc"));
	text = must_strdup(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(answer);
	return text;
}
