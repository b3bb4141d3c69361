// SPDX-License-Identifier: GPL-2.0-or-later
#include "container.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "config/problem.h"
#include "mounts.h"
#include "storage.h"

#define ID_BYTES	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define ID_MAX		128

static int check_id(const char *id, struct problem *problem)
{
	size_t length = strlen(id);

	if (!length || length > ID_MAX || strspn(id, ID_BYTES) != length || !strcmp(id, ".") ||
	    !strcmp(id, ".."))
		return problem_set(problem, -EINVAL, "'%.140s' is no container's id", id);
	return 0;
}

int container_make_point(struct container *container, const char *name, bool is_folder,
			 char path[PATH_MAX])
{
	int fd;

	if (snprintf(path, PATH_MAX, "%s/%s", container->folder, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (is_folder) {
		if (mkdir(path, 0700) < 0)
			return problem_set(container->problem, -errno, "%s: cannot make it: %s",
					   path, strerror(errno));
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return problem_set(container->problem, -errno, "%s: cannot make it: %s", path,
				   strerror(errno));
	close(fd);
	return 0;
}

int container_resolve(const struct container *container, const char *path, char ret[PATH_MAX])
{
	int length = *path == '/' ? snprintf(ret, PATH_MAX, "%s", path) :
				    snprintf(ret, PATH_MAX, "%s/%s", container->bundle, path);

	if (length >= PATH_MAX)
		return problem_set(container->problem, -ENAMETOOLONG, "%.100s...: too long a path",
				   path);
	return 0;
}

/* Both changes of config.json, once nothing can fail any more but for memory. */
static int change_spec(struct container *container, struct json_object *mounts)
{
	struct json_object *root, *path = json_object_new_string(container->rootfs->guest_root);

	if (!path)
		return -ENOMEM;
	if (!json_object_object_get_ex(container->spec, "root", &root)) {
		root = json_object_new_object();
		if (!root || json_object_object_add(container->spec, "root", root) < 0) {
			json_object_put(root);
			json_object_put(path);
			return -ENOMEM;
		}
	}
	if (json_object_object_add(root, "path", path) < 0) {
		json_object_put(path);
		return -ENOMEM;
	}
	if (!mounts)
		return 0;
	return json_object_object_add(container->spec, "mounts", json_object_get(mounts)) < 0 ?
		       -ENOMEM : 0;
}

static int check_spec(struct json_object *spec, struct problem *problem)
{
	struct json_object *root;

	if (!json_object_is_type(spec, json_type_object))
		return problem_set(problem, -EINVAL, "config.json is not an object");
	if (json_object_object_get_ex(spec, "root", &root) &&
	    !json_object_is_type(root, json_type_object))
		return problem_set(problem, -EINVAL, "config.json: root is not an object");
	return 0;
}

static int add_all(struct container *container, const struct rootfs_mount *mounts, size_t nr)
{
	struct json_object *volumes = NULL;
	int r;

	/* As the root of the share: OWN_OPTIONS of sandbox.c. */
	if (mkdir(container->folder, 0711) < 0)
		return problem_set(container->problem, -errno, "%s: cannot make it: %s",
				   container->folder, strerror(errno));
	r = container_add_root(container, mounts, nr);
	if (r == 0)
		r = container_add_volumes(container, &volumes);
	if (r == 0)
		r = change_spec(container, volumes);
	json_object_put(volumes);
	return r;
}

static int make_paths(struct container *container, const char *shared)
{
	char own[PATH_MAX];
	int r = rootfs_own_path(own, shared, container->problem);

	if (r < 0)
		return r;
	if (snprintf(container->folder, PATH_MAX, "%s/%s", own, container->id) >= PATH_MAX)
		return -ENAMETOOLONG;
	snprintf(container->guest_folder, PATH_MAX, ROOTFS_GUEST_SHARED "/%s", container->id);
	return 0;
}

int rootfs_add_container(const struct config *config, const char *shared, const char *id,
			 const char *bundle, const struct rootfs_mount *mounts, size_t nr_mounts,
			 struct json_object *spec, bool can_plug, struct rootfs **ret,
			 struct problem *problem)
{
	struct container container = {
		.config = config, .id = id, .bundle = bundle, .spec = spec, .can_plug = can_plug,
		.problem = problem,
	};
	int r;

	r = check_id(id, problem);
	if (r == 0)
		r = check_spec(spec, problem);
	if (r == 0)
		r = make_paths(&container, shared);
	if (r < 0)
		return r;
	container.rootfs = calloc(1, sizeof(*container.rootfs));
	if (!container.rootfs)
		return -ENOMEM;
	r = add_all(&container, mounts, nr_mounts);
	if (r < 0) {
		if (r != -EEXIST)
			rootfs_remove_container(shared, id, NULL);
		rootfs_free(container.rootfs);
		return r;
	}
	*ret = container.rootfs;
	return 0;
}

/* Mount points, now without mounts: empty directories and files. */
static void remove_points(const char *folder)
{
	DIR *points = opendir(folder);
	struct dirent *point;

	while (points && (point = readdir(points)))
		if (unlinkat(dirfd(points), point->d_name, AT_REMOVEDIR) < 0 && errno == ENOTDIR)
			unlinkat(dirfd(points), point->d_name, 0);
	if (points)
		closedir(points);
	rmdir(folder);
}

int rootfs_remove_container(const char *shared, const char *id, struct problem *problem)
{
	struct container container = { .id = id, .problem = problem };
	int r;

	r = check_id(id, problem);
	if (r == 0)
		r = make_paths(&container, shared);
	if (r == 0)
		r = mounts_remove(container.folder, problem);
	if (r < 0)
		return r;
	remove_points(container.folder);
	if (access(container.folder, F_OK) == 0)
		return problem_set(problem, -EBUSY, "%s: is still in use", container.folder);
	return 0;
}
