// SPDX-License-Identifier: GPL-2.0-or-later
/* Root file systems and volumes, mounted in a namespace of this test's own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "config/config.h"
#include "config/problem.h"
#include "rootfs/mount_options.h"
#include "rootfs/mounts.h"
#include "rootfs/rootfs.h"

static char folder[64];
static char shared[96];
static struct config *config;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* "FOLDER/NAME"; one of sixteen at a time. */
static const char *in(const char *name)
{
	static char paths[16][256];
	static int next;

	next = (next + 1) % 16;
	snprintf(paths[next], sizeof(paths[0]), "%s/%s", folder, name);
	return paths[next];
}

static int set_up(void **state)
{
	struct problem problem = { "" };

	(void)state;
	strcpy(folder, "/tmp/kbm-rootfs-XXXXXX");
	if (!mkdtemp(folder) || mount("test", folder, "tmpfs", 0, NULL) < 0)
		return -1;
	snprintf(shared, sizeof(shared), "%s/shared", folder);
	mkdir(in("bundle"), 0755);
	mkdir(in("bundle/rootfs"), 0755);
	write_file(in("bundle/rootfs/hello"), "hello");
	mkdir(in("volume"), 0755);
	write_file(in("volume/data"), "data");
	write_file(in("hosts"), "hosts");
	if (config_parse("f", "", 0, &config, &problem) < 0 ||
	    rootfs_open_sandbox(shared, &problem) < 0) {
		puts(problem.text);
		return -1;
	}
	return 0;
}

static int tear_down(void **state)
{
	struct problem problem = { "" };

	(void)state;
	if (rootfs_remove_all(shared, &problem) < 0) {
		puts(problem.text);
		return -1;
	}
	config_free(config);
	/* Nothing is left of the sandbox, and nothing behind a mount is lost. */
	if (!access(shared, F_OK) || !access(in("shared.rw"), F_OK) ||
	    access(in("volume/data"), F_OK) || access(in("bundle/rootfs/hello"), F_OK))
		return -1;
	umount2(folder, MNT_DETACH);
	return rmdir(folder);
}

static void expect_words(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' lacks '%s'", text, words);
}

static struct json_object *parse(const char *text)
{
	struct json_object *spec = json_tokener_parse(text);

	if (!spec)
		fail_msg("no JSON: %s", text);
	return spec;
}

static int add(const char *id, const struct rootfs_mount *mounts, size_t nr,
	       struct json_object *spec, bool can_plug, struct rootfs **ret,
	       struct problem *problem)
{
	return rootfs_add_container(config, shared, id, in("bundle"), mounts, nr, spec, can_plug,
				    ret, problem);
}

static struct rootfs *add_good(const char *id, const struct rootfs_mount *mounts, size_t nr,
			       struct json_object *spec)
{
	struct problem problem = { "" };
	struct rootfs *rootfs = NULL;

	if (add(id, mounts, nr, spec, true, &rootfs, &problem))
		fail_msg("%s", problem.text);
	return rootfs;
}

static void add_bad(const char *id, const struct rootfs_mount *mounts, size_t nr, const char *text,
		    int error, const char *words)
{
	struct json_object *spec = parse(text);
	struct problem problem = { "" };
	struct rootfs *rootfs = NULL;

	assert_int_equal(add(id, mounts, nr, spec, true, &rootfs, &problem), error);
	assert_null(rootfs);
	expect_words(problem.text, words);
	/* config.json is as it was. */
	assert_string_equal(json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PLAIN |
						      JSON_C_TO_STRING_NOSLASHESCAPE), text);
	json_object_put(spec);
	assert_int_equal(access(in("shared/c"), F_OK), -1);
}

/* What a file in the guest's view has. */
static void expect_file(const char *name, const char *text)
{
	char path[256], got[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", shared, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	close(fd);
	assert_string_equal(got, text);
}

static int create(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", shared, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static const char *get(struct json_object *spec, const char *path)
{
	struct json_object *object = NULL;

	json_pointer_get(spec, path, &object);
	return object ? json_object_get_string(object) : "";
}

static void test_root_of_bundle(void **state)
{
	struct json_object *spec = parse("{\"root\": {\"path\": \"rootfs\", \"readonly\": true}}");
	struct rootfs *rootfs = add_good("c", NULL, 0, spec);
	struct problem problem = { "" };

	(void)state;
	assert_string_equal(rootfs->guest_root, ROOTFS_GUEST_SHARED "/c/rootfs");
	assert_string_equal(get(spec, "/root/path"), rootfs->guest_root);
	assert_string_equal(get(spec, "/root/readonly"), "true");
	expect_file("c/rootfs/hello", "hello");
	/* The guest writes into its root, and nowhere else. */
	assert_int_equal(create("c/rootfs/new"), 0);
	assert_int_equal(create("new"), -EROFS);
	assert_int_equal(create("c/new"), -EROFS);
	assert_int_equal(access(in("bundle/rootfs/new"), F_OK), 0);
	assert_int_equal(rootfs_remove_container(shared, "c", &problem), 0);
	assert_int_equal(access(in("shared/c"), F_OK), -1);
	assert_int_equal(rootfs_remove_container(shared, "c", &problem), 0);
	rootfs_free(rootfs);
	json_object_put(spec);
}

static void test_overlay(void **state)
{
	char lower[128], upper[128], work[128];
	char *options[] = { lower, upper, work };
	const struct rootfs_mount mount = { "overlay", "overlay", "", options, 3 };
	struct json_object *spec = parse("{}");
	struct rootfs *rootfs;

	(void)state;
	mkdir(in("upper"), 0755);
	mkdir(in("work"), 0755);
	snprintf(lower, sizeof(lower), "lowerdir=%s:%s", in("bundle/rootfs"), in("volume"));
	snprintf(upper, sizeof(upper), "upperdir=%s", in("upper"));
	snprintf(work, sizeof(work), "workdir=%s", in("work"));
	rootfs = add_good("c", &mount, 1, spec);
	expect_file("c/rootfs/hello", "hello");
	expect_file("c/rootfs/data", "data");
	assert_int_equal(create("c/rootfs/new"), 0);
	assert_int_equal(access(in("upper/new"), F_OK), 0);
	assert_string_equal(get(spec, "/root/path"), ROOTFS_GUEST_SHARED "/c/rootfs");
	rootfs_free(rootfs);
	json_object_put(spec);
}

/* More layers than a page has room for by their full names. */
static void test_many_layers(void **state)
{
	enum { NR_LAYERS = 120 };
	size_t size = 64 * NR_LAYERS, at;
	char *lower = malloc(size), name[128], path[256];
	char *options[] = { (char *)"ro", lower };
	const struct rootfs_mount mount = { "overlay", "overlay", "", options, 2 };
	struct json_object *spec = parse("{}");
	struct rootfs *rootfs;
	char before[256], after[256];

	(void)state;
	assert_non_null(lower);
	mkdir(in("snapshots"), 0755);
	at = (size_t)snprintf(lower, size, "lowerdir=");
	for (int i = 0; i < NR_LAYERS; i++) {
		snprintf(name, sizeof(name), "snapshots/a-long-name-of-layer-%d", i);
		mkdir(in(name), 0755);
		snprintf(path, sizeof(path), "%s/file-%d", in(name), i);
		write_file(path, "layer");
		at += (size_t)snprintf(lower + at, size - at, "%s%s", i ? ":" : "", in(name));
	}
	assert_true(at > 4096 && at < size);
	assert_non_null(getcwd(before, sizeof(before)));
	rootfs = add_good("c", &mount, 1, spec);
	expect_file("c/rootfs/file-0", "layer");
	expect_file("c/rootfs/file-119", "layer");
	assert_int_equal(create("c/rootfs/new"), -EROFS);
	assert_non_null(getcwd(after, sizeof(after)));
	assert_string_equal(before, after);
	rootfs_free(rootfs);
	json_object_put(spec);
	free(lower);
}

static void test_volumes(void **state)
{
	struct json_object *spec;
	struct rootfs *rootfs;
	char text[2048];

	(void)state;
	snprintf(text, sizeof(text), "{\"root\": {\"path\": \"rootfs\"}, \"mounts\": ["
		 "{\"destination\": \"/proc\", \"type\": \"proc\", \"source\": \"proc\"},"
		 "{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"%s\", "
		 "\"options\": [\"rbind\", \"ro\"]},"
		 "{\"destination\": \"/etc/hosts\", \"source\": \"%s\", \"options\": [\"bind\"]},"
		 "{\"destination\": \"/rel\", \"type\": \"bind\", \"source\": \"rootfs\"},"
		 "{\"destination\": \"/dev/shm\", \"type\": \"bind\", \"source\": \"/dev/shm\"},"
		 "{\"destination\": \"/dev/shm\", \"type\": \"tmpfs\", \"source\": \"shm\"},"
		 "{\"destination\": \"/scratch\", \"type\": \"overlay\", \"source\": \"overlay\", "
		 "\"options\": [\"lowerdir=%s:%s\", \"ro\"]}"
		 "]}", in("volume"), in("hosts"), in("volume"), in("bundle/rootfs"));
	spec = parse(text);
	rootfs = add_good("c", NULL, 0, spec);
	assert_string_equal(get(spec, "/mounts/0/source"), "proc");
	assert_string_equal(get(spec, "/mounts/1/source"), ROOTFS_GUEST_SHARED "/c/volume-1");
	assert_string_equal(get(spec, "/mounts/1/options"), "[ \"rbind\", \"ro\" ]");
	assert_string_equal(get(spec, "/mounts/2/source"), ROOTFS_GUEST_SHARED "/c/volume-2");
	assert_string_equal(get(spec, "/mounts/2/type"), "bind");
	assert_string_equal(get(spec, "/mounts/4/source"), ROOTFS_GUEST_SHM);
	assert_string_equal(get(spec, "/mounts/5/source"), "shm");
	assert_string_equal(get(spec, "/mounts/6/type"), "bind");
	assert_string_equal(get(spec, "/mounts/6/options"), "[ \"rbind\", \"ro\" ]");
	expect_file("c/volume-1/data", "data");
	expect_file("c/volume-2", "hosts");
	expect_file("c/volume-3/hello", "hello");
	expect_file("c/volume-6/data", "data");
	/* Read-only is kept here, too, and not only by the guest. */
	assert_int_equal(create("c/volume-1/new"), -EROFS);
	assert_int_equal(create("c/volume-2"), 0);
	rootfs_free(rootfs);
	json_object_put(spec);
}

/* What is mounted below a volume later shows up where that was asked for. */
static void test_propagation(void **state)
{
	struct json_object *spec;
	struct rootfs *rootfs;
	char text[1024];

	(void)state;
	mkdir(in("volume/sub"), 0755);
	snprintf(text, sizeof(text), "{\"root\": {\"path\": \"rootfs\"}, \"mounts\": ["
		 "{\"destination\": \"/a\", \"type\": \"bind\", \"source\": \"%s\", "
		 "\"options\": [\"rbind\", \"rslave\"]},"
		 "{\"destination\": \"/b\", \"type\": \"bind\", \"source\": \"%s\", "
		 "\"options\": [\"rbind\", \"rprivate\"]}]}", in("volume"), in("volume"));
	assert_int_equal(mount(NULL, folder, NULL, MS_SHARED, NULL), 0);
	spec = parse(text);
	rootfs = add_good("c", NULL, 0, spec);
	assert_int_equal(mount("late", in("volume/sub"), "tmpfs", 0, NULL), 0);
	write_file(in("volume/sub/late"), "late");
	expect_file("c/volume-0/sub/late", "late");
	assert_int_equal(access(in("shared/c/volume-1/sub/late"), F_OK), -1);
	assert_int_equal(umount2(in("volume/sub"), MNT_DETACH), 0);
	rmdir(in("volume/sub"));
	rootfs_free(rootfs);
	json_object_put(spec);
}

static char *const loop[] = { (char *)"loop", (char *)"noatime" };

static void test_disk(void **state)
{
	const struct rootfs_mount mount = { "ext4", in("image"), "", loop, 2 };
	const struct rootfs_mount xfs = { "xfs", in("image"), "", loop, 2 };
	struct json_object *spec = parse("{\"root\": {}}");
	struct problem problem = { "" };
	struct rootfs *rootfs;

	(void)state;
	write_file(in("image"), "image");
	rootfs = add_good("c", &mount, 1, spec);
	assert_int_equal(rootfs->nr_disks, 1);
	assert_string_equal(rootfs->disks[0].source, mount.source);
	assert_string_equal(rootfs->disks[0].serial, "kbm-root");
	assert_false(rootfs->disks[0].read_only);
	assert_int_equal(rootfs->nr_storages, 1);
	assert_string_equal(rootfs->storages[0].driver, "blk");
	assert_string_equal(rootfs->storages[0].source, "kbm-root");
	assert_string_equal(rootfs->storages[0].fstype, "ext4");
	assert_int_equal(rootfs->storages[0].nr_options, 1);
	assert_string_equal(rootfs->storages[0].options[0], "noatime");
	assert_string_equal(rootfs->storages[0].mount_point, rootfs->guest_root);
	assert_string_equal(get(spec, "/root/path"), rootfs->guest_root);
	rootfs_free(rootfs);
	rootfs = NULL;
	/* The VM runs: an image would need a loop device here. */
	assert_int_equal(add("d", &mount, 1, spec, false, &rootfs, &problem), -EOPNOTSUPP);
	expect_words(problem.text, "is an image");
	config->disable_block_device_use = true;
	assert_int_equal(add("d", &mount, 1, spec, true, &rootfs, &problem), -EOPNOTSUPP);
	config->disable_block_device_use = false;
	assert_int_equal(add("d", &xfs, 1, spec, true, &rootfs, &problem), -EOPNOTSUPP);
	expect_words(problem.text, "its xfs cannot be mounted by the guest");
	json_object_put(spec);
}

#define VOLUME(rest)	"{\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"destination\":\"/v\"," rest "}]}"

static void test_refused(void **state)
{
	const struct rootfs_mount gone = { "bind", "/nowhere", "", NULL, 0 };
	const struct rootfs_mount odd = { "nofs", "x", "", NULL, 0 };
	const struct rootfs_mount outside = { "bind", "/tmp", "../../x", NULL, 0 };

	(void)state;
	add_bad("c", NULL, 0, "{}", -EINVAL, "neither mounts nor root.path");
	add_bad("c", NULL, 0, "{\"root\":3}", -EINVAL, "root is not an object");
	add_bad("c", NULL, 0, "[]", -EINVAL, "config.json is not an object");
	add_bad("c", NULL, 0, "{\"root\":{\"path\":\"gone\"}}", -ENOENT, "bundle/gone (bind)");
	add_bad("c", &gone, 1, "{}", -ENOENT, "cannot mount /nowhere");
	add_bad("c", &odd, 1, "{}", -ENODEV, "cannot mount x (nofs)");
	add_bad("c", &outside, 1, "{}", -EINVAL, "not below the root");
	add_bad("", NULL, 0, "{}", -EINVAL, "no container's id");
	add_bad("..", NULL, 0, "{}", -EINVAL, "no container's id");
	add_bad("a/b", NULL, 0, "{}", -EINVAL, "no container's id");
	add_bad("c", NULL, 0, VOLUME("\"type\":\"bind\",\"source\":\"/nowhere\""), -ENOENT,
		"the volume /nowhere for /v: No such file");
	add_bad("c", NULL, 0, VOLUME("\"type\":\"bind\",\"source\":\"/dev/null\""), -EOPNOTSUPP,
		"is a device");
	add_bad("c", NULL, 0,
		VOLUME("\"type\":\"bind\",\"source\":\"/tmp\",\"options\":[\"rshared\"]"),
		-EOPNOTSUPP, "shared propagation");
	add_bad("c", NULL, 0, VOLUME("\"type\":\"ext4\",\"source\":\"/i\",\"options\":[\"loop\"]"),
		-EOPNOTSUPP, "loop device");
	add_bad("c", NULL, 0, VOLUME("\"type\":3"), -EINVAL, "no string");
	add_bad("c", NULL, 0, VOLUME("\"options\":3"), -EINVAL, "no array");
	add_bad("c", NULL, 0, VOLUME("\"options\":[3]"), -EINVAL, "no string");
	add_bad("c", NULL, 0, "{\"root\":{\"path\":\"rootfs\"},\"mounts\":[3]}", -EINVAL,
		"no object");
	add_bad("c", NULL, 0, "{\"root\":{\"path\":\"rootfs\"},\"mounts\":{}}", -EINVAL,
		"no array");
	add_bad("c", NULL, 0, "{\"root\":{\"path\":\"rootfs\"},\"mounts\":[{\"type\":\"bind\"}]}",
		-EINVAL, "without a destination");
}

/* An id that is in use keeps what it has. */
static void test_same_id(void **state)
{
	struct json_object *spec = parse("{\"root\": {\"path\": \"rootfs\"}}");
	struct json_object *again = parse("{\"root\": {\"path\": \"rootfs\"}}");
	struct rootfs *rootfs = add_good("c", NULL, 0, spec), *second = NULL;
	struct problem problem = { "" };

	(void)state;
	assert_int_equal(add("c", NULL, 0, again, true, &second, &problem), -EEXIST);
	expect_file("c/rootfs/hello", "hello");
	rootfs_free(rootfs);
	json_object_put(spec);
	json_object_put(again);
}

static void test_storages(void **state)
{
	struct rootfs_storage *storages;
	size_t nr;

	(void)state;
	assert_int_equal(rootfs_sandbox_storages(config, 1 << 20, &storages, &nr), 0);
	assert_int_equal(nr, 2);
	assert_string_equal(storages[0].source, ROOTFS_TAG);
	assert_string_equal(storages[0].mount_point, ROOTFS_GUEST_SHARED);
	assert_string_equal(storages[0].options[storages[0].nr_options - 1], "msize=131072");
	assert_string_equal(storages[1].fstype, "tmpfs");
	assert_string_equal(storages[1].options[1], "size=1048576");
	rootfs_free_storages(storages, nr);
}

static void test_options(void **state)
{
	char *options[] = { (char *)"rbind", (char *)"ro", (char *)"rw", (char *)"nosuid",
			    (char *)"rslave", (char *)"a=b", (char *)"", (char *)"c" };
	struct mount_options parsed;
	char *longest = malloc(MOUNT_DATA_SIZE + 1);

	(void)state;
	assert_int_equal(mount_options_parse(options, 8, &parsed), 0);
	assert_int_equal(parsed.flags, MS_BIND | MS_REC | MS_NOSUID);
	assert_int_equal(parsed.propagation, MS_SLAVE | MS_REC);
	assert_string_equal(parsed.data, "a=b,c");
	assert_true(mount_options_is_bind("none", &parsed));
	options[0] = (char *)"rro";
	assert_int_equal(mount_options_parse(options, 1, &parsed), 0);
	assert_int_equal(parsed.flags, MS_RDONLY);
	assert_string_equal(parsed.data, "");
	assert_int_equal(mount_options_parse(NULL, 0, &parsed), 0);
	assert_false(mount_options_is_bind("tmpfs", &parsed));
	assert_true(mount_options_is_bind("bind", &parsed));
	memset(longest, 'x', MOUNT_DATA_SIZE);
	longest[MOUNT_DATA_SIZE] = 0;
	assert_int_equal(mount_options_parse(&longest, 1, &parsed), -E2BIG);
	free(longest);
}

/* Blanks and backslashes in names; a name that begins like another. */
static void test_remove(void **state)
{
	struct problem problem = { "" };

	(void)state;
	mkdir(in("x"), 0755);
	mkdir(in("x/a b\\c"), 0755);
	mkdir(in("xy"), 0755);
	assert_int_equal(mount("t", in("x/a b\\c"), "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("t", in("x/a b\\c"), "tmpfs", 0, NULL), 0);
	assert_int_equal(mount("t", in("xy"), "tmpfs", 0, NULL), 0);
	assert_int_equal(mounts_remove(in("x"), &problem), 0);
	assert_int_equal(rmdir(in("x/a b\\c")), 0);
	assert_int_equal(rmdir(in("xy")), -1);
	assert_int_equal(mounts_remove(in("xy"), &problem), 0);
	assert_int_equal(mounts_remove(in("nothing"), &problem), 0);
	assert_int_equal(rootfs_remove_all(in("nothing"), &problem), 0);
}

/* All is gone with the last process of the namespace: as after kill -9. */
static void test_killed(void **state)
{
	struct problem problem = { "" };
	char other[96];
	pid_t child;
	int status;

	(void)state;
	snprintf(other, sizeof(other), "%s/other", folder);
	child = fork();
	if (!child) {
		if (rootfs_unshare(&problem) || rootfs_open_sandbox(other, &problem))
			_exit(1);
		_exit(access(in("other.rw"), F_OK) ? 2 : 0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(access(other, F_OK), 0);
	assert_int_equal(rootfs_remove_all(other, &problem), 0);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(access(in("other.rw"), F_OK), -1);
}

#define MOUNTED(test)	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	struct problem problem = { "" };
	const struct CMUnitTest tests[] = {
		MOUNTED(test_root_of_bundle),
		MOUNTED(test_overlay),
		MOUNTED(test_many_layers),
		MOUNTED(test_volumes),
		MOUNTED(test_propagation),
		MOUNTED(test_disk),
		MOUNTED(test_refused),
		MOUNTED(test_same_id),
		MOUNTED(test_storages),
		MOUNTED(test_remove),
		MOUNTED(test_killed),
		cmocka_unit_test(test_options),
	};

	if (rootfs_unshare(&problem) < 0) {
		puts(problem.text);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
