// SPDX-License-Identifier: GPL-2.0-or-later
/* What config.json says about hooks. */
#include "hooks.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "config/problem.h"
#include "hooks_private.h"

static const char *const names[HOOKS_NR_POINTS] = {
	[HOOKS_PRESTART] = "prestart",
	[HOOKS_CREATE_RUNTIME] = "createRuntime",
	[HOOKS_POSTSTART] = "poststart",
	[HOOKS_POSTSTOP] = "poststop",
	[HOOKS_CREATE_CONTAINER] = "createContainer",
	[HOOKS_START_CONTAINER] = "startContainer",
};

const char *hooks_point_name(enum hooks_point point)
{
	return names[point];
}

/* NULL: not there; null counts as that, too. */
static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *found = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, name, &found);
	return found;
}

struct json_object *hooks_at(const struct hooks *hooks, enum hooks_point point)
{
	return hooks ? member(member(hooks->spec, "hooks"), names[point]) : NULL;
}

bool hooks_have(const struct hooks *hooks, enum hooks_point point)
{
	struct json_object *list = hooks_at(hooks, point);

	return list && json_object_array_length(list);
}

/* A string that a program can be given: without a zero byte. */
static bool is_word(struct json_object *value)
{
	return json_object_is_type(value, json_type_string) &&
	       strlen(json_object_get_string(value)) == (size_t)json_object_get_string_len(value);
}

static bool are_words(struct json_object *list)
{
	if (!list)
		return true;
	if (!json_object_is_type(list, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (!is_word(json_object_array_get_idx(list, i)))
			return false;
	return true;
}

static const char *why_not(struct json_object *hook)
{
	struct json_object *path = member(hook, "path");
	struct json_object *timeout = member(hook, "timeout");

	if (!path || !is_word(path) || *json_object_get_string(path) != '/')
		return "its path must be an absolute one";
	if (!are_words(member(hook, "args")))
		return "its args must be strings";
	if (!are_words(member(hook, "env")))
		return "its env must be strings";
	if (timeout &&
	    (!json_object_is_type(timeout, json_type_int) || json_object_get_int64(timeout) <= 0 ||
	     json_object_get_int64(timeout) > INT32_MAX))
		return "its timeout must be a number of seconds above 0";
	return NULL;
}

static int check_point(const struct hooks *hooks, enum hooks_point point, struct problem *problem)
{
	struct json_object *list = hooks_at(hooks, point);
	const char *why;

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array) ||
	    json_object_array_length(list) > HOOKS_MAX)
		return problem_set(problem, -EINVAL,
				   "config.json: hooks.%s: it must be an array of at most %d hooks",
				   names[point], HOOKS_MAX);
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		why = why_not(json_object_array_get_idx(list, i));
		if (why)
			return problem_set(problem, -EINVAL, "config.json: hooks.%s[%zu]: %s",
					   names[point], i, why);
	}
	return 0;
}

static void copy_member(struct json_object *to, struct json_object *from, const char *name)
{
	struct json_object *value = member(from, name);

	if (value)
		json_object_object_add(to, name, json_object_get(value));
}

static struct json_object *spec_of(struct json_object *hooks, struct json_object *from)
{
	struct json_object *spec = json_object_new_object();

	json_object_object_add(spec, "hooks", hooks);
	copy_member(spec, from, "ociVersion");
	copy_member(spec, from, "annotations");
	return spec;
}

int hooks_new(struct json_object *spec, struct hooks **ret, struct problem *problem)
{
	const struct hooks looked_at = { .spec = spec };
	struct hooks *hooks;
	bool any = false;
	int r;

	for (enum hooks_point point = 0; point < HOOKS_NR_POINTS; point++) {
		r = check_point(&looked_at, point, problem);
		if (r < 0)
			return r;
		any |= hooks_have(&looked_at, point);
	}
	*ret = NULL;
	if (!any)
		return 0;
	hooks = malloc(sizeof(*hooks));
	if (!hooks)
		return problem_set(problem, -ENOMEM, "config.json: no memory for its hooks");
	hooks->spec = spec_of(json_object_get(member(spec, "hooks")), spec);
	*ret = hooks;
	return 0;
}

struct hooks *hooks_free(struct hooks *hooks)
{
	if (hooks)
		json_object_put(hooks->spec);
	free(hooks);
	return NULL;
}

const char *hook_path(struct json_object *hook)
{
	return json_object_get_string(member(hook, "path"));
}

double hook_seconds(struct json_object *hook, double otherwise)
{
	struct json_object *timeout = member(hook, "timeout");

	return timeout ? (double)json_object_get_int64(timeout) : otherwise;
}

int hook_words(struct json_object *hook, const char *key, char ***ret)
{
	struct json_object *list = member(hook, key);
	size_t nr = list ? json_object_array_length(list) : 0;
	/* Room for the path, too, as the name of a program without arguments. */
	char **words = calloc(nr + 2, sizeof(*words));

	if (!words)
		return -ENOMEM;
	for (size_t i = 0; i < nr; i++)
		words[i] = (char *)(uintptr_t)json_object_get_string(
			json_object_array_get_idx(list, i));
	*ret = words;
	return 0;
}

struct json_object *hooks_poststop_spec(const struct hooks *hooks)
{
	struct json_object *kept = json_object_new_object();

	copy_member(kept, member(hooks->spec, "hooks"), names[HOOKS_POSTSTOP]);
	return spec_of(kept, hooks->spec);
}

/* The words of OCI for its states. */
static const char *status_of(enum hooks_point point)
{
	if (point == HOOKS_POSTSTART)
		return "running";
	return point == HOOKS_POSTSTOP ? "stopped" : "creating";
}

char *hooks_state_text(const struct hooks *hooks, enum hooks_point point,
		       const struct hooks_state *state)
{
	struct json_object *object = json_object_new_object();
	char *text;

	copy_member(object, hooks->spec, "ociVersion");
	json_object_object_add(object, "id", json_object_new_string(state->id));
	json_object_object_add(object, "status", json_object_new_string(status_of(point)));
	if (state->pid)
		json_object_object_add(object, "pid", json_object_new_int(state->pid));
	json_object_object_add(object, "bundle", json_object_new_string(state->bundle));
	copy_member(object, hooks->spec, "annotations");
	text = strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	return text;
}
