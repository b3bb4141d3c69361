// SPDX-License-Identifier: GPL-2.0-or-later
/* "mounts" of config.json: what comes from the host is shared, the rest is the guest's. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "container.h"
#include "mounts.h"

#define MAX_VOLUMES	4096
#define MAX_OPTIONS	256
#define SHM		"/dev/shm"

/* One entry of "mounts". */
struct volume {
	struct json_object *entry;
	const char *destination;
	const char *type;
	const char *source;
	char *words[MAX_OPTIONS];
	size_t nr_words;
	struct mount_options options;
};

/* What the guest's kernel makes without anything of the host. */
static bool is_guests_own(const char *type)
{
	static const char *const types[] = {
		"proc",	  "sysfs",   "tmpfs",	 "devpts", "mqueue",
		"cgroup", "cgroup2", "devtmpfs", "ramfs",
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i], type))
			return true;
	return false;
}

/* NULL: it is no string. Absent: "". */
static const char *get_string(struct json_object *entry, const char *name)
{
	struct json_object *object;

	if (!json_object_object_get_ex(entry, name, &object) || !object)
		return "";
	return json_object_is_type(object, json_type_string) ? json_object_get_string(object) :
							       NULL;
}

static int read_options(struct container *container, struct volume *volume)
{
	struct json_object *options, *word;
	size_t nr;

	if (!json_object_object_get_ex(volume->entry, "options", &options) || !options)
		return mount_options_parse(NULL, 0, &volume->options);
	nr = json_object_is_type(options, json_type_array) ? json_object_array_length(options) :
							     MAX_OPTIONS + 1;
	if (nr > MAX_OPTIONS)
		return problem_set(
			container->problem, -EINVAL,
			"config.json: options of the mount at %.100s are no array of at most "
			"%d",
			volume->destination, MAX_OPTIONS);
	for (size_t i = 0; i < nr; i++) {
		word = json_object_array_get_idx(options, i);
		if (!json_object_is_type(word, json_type_string))
			return problem_set(
				container->problem, -EINVAL,
				"config.json: an option of the mount at %.100s is no string",
				volume->destination);
		volume->words[volume->nr_words++] = (char *)json_object_get_string(word);
	}
	return mount_options_parse(volume->words, volume->nr_words, &volume->options);
}

static int read_volume(struct container *container, struct json_object *entry,
		       struct volume *volume)
{
	if (!json_object_is_type(entry, json_type_object))
		return problem_set(container->problem, -EINVAL,
				   "config.json: a mount is no object");
	volume->entry = entry;
	volume->destination = get_string(entry, "destination");
	volume->type = get_string(entry, "type");
	volume->source = get_string(entry, "source");
	if (!volume->destination || !volume->type || !volume->source || !*volume->destination)
		return problem_set(
			container->problem, -EINVAL,
			"config.json: a mount without a destination, or with a type or source "
			"that is no string");
	return read_options(container, volume);
}

/* What the guest shall bind. */
static int point_to(struct volume *volume, const char *guest_path)
{
	struct json_object *source = json_object_new_string(guest_path);
	struct json_object *type = json_object_new_string("bind");

	if (!source || !type || json_object_object_add(volume->entry, "source", source) < 0) {
		json_object_put(source);
		json_object_put(type);
		return -ENOMEM;
	}
	return json_object_object_add(volume->entry, "type", type) < 0 ? -ENOMEM : 0;
}

/* Options of a file system that is mounted here are none of the guest's bind. */
static int keep_bind_options(struct volume *volume)
{
	struct json_object *options = json_object_new_array();

	if (!options || json_object_array_add(options, json_object_new_string("rbind")) < 0)
		return -ENOMEM;
	if (volume->options.flags & MS_RDONLY)
		json_object_array_add(options, json_object_new_string("ro"));
	return json_object_object_add(volume->entry, "options", options) < 0 ? -ENOMEM : 0;
}

/* Sockets and devices are more than their inodes, and the rest is not the guest's. */
static int check_kind(const struct container *container, const struct volume *volume,
		      const char *source, bool *ret_is_folder)
{
	struct stat status;
	const char *kind;

	if (stat(source, &status) < 0)
		return problem_set(container->problem, -errno, "the volume %.200s for %.200s: %s",
				   source, volume->destination, strerror(errno));
	*ret_is_folder = S_ISDIR(status.st_mode);
	if (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))
		return 0;
	kind = S_ISSOCK(status.st_mode) ? "socket" : S_ISFIFO(status.st_mode) ? "pipe" : "device";
	return problem_set(
		container->problem, -EOPNOTSUPP,
		"the volume %.200s for %.200s is a %s: its other end is on this kernel, and "
		"the container has its own; leave it out",
		source, volume->destination, kind);
}

static int bind_here(struct container *container, const struct volume *volume, const char *name)
{
	struct mount_options options = volume->options;
	char source[PATH_MAX], point[PATH_MAX];
	bool is_folder = false;
	int r;

	if (!strcmp(volume->type, "rbind"))
		options.flags |= MS_REC;
	r = container_resolve(container, volume->source, source);
	if (r == 0)
		r = check_kind(container, volume, source, &is_folder);
	if (r == 0)
		r = container_make_point(container, name, is_folder, point);
	return r < 0 ? r : mounts_bind(source, point, &options, container->problem);
}

static int mount_here(struct container *container, struct volume *volume, const char *name)
{
	char point[PATH_MAX];
	int r;

	if (volume->options.is_loop)
		return problem_set(
			container->problem, -EOPNOTSUPP,
			"the volume %.200s for %.200s wants a loop device: attach it before, and "
			"name the block device",
			volume->source, volume->destination);
	r = container_make_point(container, name, true, point);
	if (r == 0)
		r = mounts_add(volume->type, volume->source, point, &volume->options,
			       container->problem);
	return r < 0 ? r : keep_bind_options(volume);
}

static int share(struct container *container, struct volume *volume, size_t index)
{
	char name[32], guest_path[PATH_MAX + 32];
	int r;

	if (volume->options.propagation & MS_SHARED)
		return problem_set(
			container->problem, -EOPNOTSUPP,
			"the volume at %.200s asks for shared propagation: mounts made in a "
			"guest cannot appear on its host; use rslave or rprivate",
			volume->destination);
	snprintf(name, sizeof(name), "volume-%zu", index);
	if (mount_options_is_bind(volume->type, &volume->options))
		r = bind_here(container, volume, name);
	else
		r = mount_here(container, volume, name);
	if (r < 0)
		return r;
	snprintf(guest_path, sizeof(guest_path), "%s/%s", container->guest_folder, name);
	return point_to(volume, guest_path);
}

static int add_volume(struct container *container, struct json_object *entry, size_t index)
{
	struct volume *volume = calloc(1, sizeof(*volume));
	bool is_bind;
	int r;

	if (!volume)
		return -ENOMEM;
	r = read_volume(container, entry, volume);
	is_bind = r == 0 && mount_options_is_bind(volume->type, &volume->options);
	/* Shared memory has to be the guest's: all containers of a sandbox have the same. */
	if (is_bind && !strcmp(volume->destination, SHM))
		r = point_to(volume, ROOTFS_GUEST_SHM);
	else if (r == 0 && (is_bind || !is_guests_own(volume->type)))
		r = share(container, volume, index);
	free(volume);
	return r;
}

int container_add_volumes(struct container *container, struct json_object **ret)
{
	struct json_object *mounts, *copy = NULL;
	size_t nr;
	int r = 0;

	if (!json_object_object_get_ex(container->spec, "mounts", &mounts) || !mounts)
		return 0;
	nr = json_object_is_type(mounts, json_type_array) ? json_object_array_length(mounts) :
							    MAX_VOLUMES + 1;
	if (nr > MAX_VOLUMES)
		return problem_set(container->problem, -EINVAL,
				   "config.json: mounts are no array of at most %d", MAX_VOLUMES);
	if (json_object_deep_copy(mounts, &copy, NULL) < 0)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < nr; i++)
		r = add_volume(container, json_object_array_get_idx(copy, i), i);
	if (r < 0) {
		json_object_put(copy);
		return r;
	}
	*ret = copy;
	return 0;
}
