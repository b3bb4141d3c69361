// SPDX-License-Identifier: GPL-2.0-or-later
/* From linux.cgroupsPath to a path in each hierarchy. */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "cgroup.h"
#include "config/problem.h"

#define SLICE ".slice"
#define PREFIX "kata_"
/* Of the hierarchy's own path and names of files there is room. */
#define PATH_SIZE (PATH_MAX - 256)

static const char *wanted_path(struct json_object *spec)
{
	struct json_object *part, *path;

	if (!json_object_object_get_ex(spec, "linux", &part) ||
	    !json_object_object_get_ex(part, "cgroupsPath", &path) ||
	    !json_object_is_type(path, json_type_string))
		return "";
	return json_object_get_string(path);
}

/* No way up, and no part that is empty, but for a slash at the begin. */
static bool is_inside(const char *path)
{
	const char *part = path + (*path == '/');

	while (*part) {
		size_t length = strcspn(part, "/");

		if (!length || (part[0] == '.' && (length == 1 || (length == 2 && part[1] == '.'))))
			return false;
		part += length + (part[length] == '/');
	}
	return true;
}

/* systemd: "a-b.slice" is at a.slice/a-b.slice, and "-.slice" the root. */
static int expand_slice(const char *slice, char *text, size_t size)
{
	size_t length = strlen(slice), end = length - strlen(SLICE), at = 0;

	if (length <= strlen(SLICE) || strcmp(slice + end, SLICE) || strchr(slice, '/'))
		return -EINVAL;
	*text = 0;
	if (!strcmp(slice, "-" SLICE))
		return 0;
	for (size_t i = 1; i <= end; i++) {
		if (i != end && slice[i] != '-')
			continue;
		at += (size_t)snprintf(text + at, size - at, "/%.*s" SLICE, (int)i, slice);
		if (at >= size)
			return -ENAMETOOLONG;
	}
	return 0;
}

/* SLICE:PREFIX:NAME; we make it ourselves, since systemd's scopes want D-Bus. */
static int from_systemd(const char *text, char *path, size_t size)
{
	cleanup_free char *slice = strndup(text, strcspn(text, ":"));
	const char *name = strrchr(text, ':') + 1;
	size_t length;
	int r;

	if (!slice)
		return -ENOMEM;
	r = expand_slice(*slice ? slice : "system" SLICE, path, size);
	if (r < 0 || !*name || strchr(name, '/'))
		return r < 0 ? r : -EINVAL;
	length = strlen(path);
	if (snprintf(path + length, size - length, "/" PREFIX "%s", name) >= (int)(size - length))
		return -ENAMETOOLONG;
	return 0;
}

/* Kata has it beside what a plain runtime would make. */
static int from_plain(const char *text, char *path, size_t size)
{
	const char *from = text + (*text == '/'), *name = strrchr(from, '/');
	int length = name ? (int)(name - from) : 0;

	name = name ? name + 1 : from;
	if (!*name)
		return -EINVAL;
	if (snprintf(path, size, "%s%.*s/" PREFIX "%s", length ? "/" : "", length, from, name) >=
	    (int)size)
		return -ENAMETOOLONG;
	return 0;
}

static bool is_systemds(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon && strchr(colon + 1, ':') && !strchr(text, '/');
}

int cgroup_find_path(struct json_object *spec, const char *id, char **ret, struct problem *problem)
{
	const char *wanted = wanted_path(spec);
	char path[PATH_SIZE];
	int r;

	if (!*wanted)
		wanted = id;
	if (is_systemds(wanted))
		r = from_systemd(wanted, path, sizeof(path));
	else
		r = from_plain(wanted, path, sizeof(path));
	if (r == 0 && !is_inside(path))
		r = -EINVAL;
	if (r == 0) {
		*ret = strdup(path);
		r = *ret ? 0 : -ENOMEM;
	}
	if (r < 0)
		return problem_set(problem, r, "linux.cgroupsPath %.200s: not usable: %s", wanted,
				   strerror(-r));
	return 0;
}
