// SPDX-License-Identifier: GPL-2.0-or-later
#include "pod_files.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "config/problem.h"

#define SHM "/dev/shm"

static const char *const names[] = { "hosts", "hostname", "resolv.conf" };

static void write_words(FILE *file, const char *keyword, size_t nr, char *const words[])
{
	if (!nr)
		return;
	fputs(keyword, file);
	for (size_t i = 0; i < nr; i++)
		fprintf(file, " %s", words[i]);
	fputc('\n', file);
}

static void copy_of_host(FILE *file, const char *path)
{
	FILE *host = fopen(path, "re");
	char block[4096];
	size_t n;

	if (!host)
		return;
	while ((n = fread(block, 1, sizeof(block), host)))
		fwrite(block, 1, n, file);
	fclose(host);
}

static void write_hosts(FILE *file, const Runtime__V1__PodSandboxConfig *pod)
{
	(void)pod;
	copy_of_host(file, "/etc/hosts");
}

/* Without one the guest has a name that its kernel made up. */
static void write_hostname(FILE *file, const Runtime__V1__PodSandboxConfig *pod)
{
	fprintf(file, "%s\n", *pod->hostname ? pod->hostname : "localhost");
}

static void write_resolv_conf(FILE *file, const Runtime__V1__PodSandboxConfig *pod)
{
	const Runtime__V1__DNSConfig *dns = pod->dns_config;

	/* As CRI does it for other pods: nothing given is the host's. */
	if (!dns || !(dns->n_searches + dns->n_servers + dns->n_options)) {
		copy_of_host(file, "/etc/resolv.conf");
		return;
	}
	write_words(file, "search", dns->n_searches, dns->searches);
	for (size_t i = 0; i < dns->n_servers; i++)
		write_words(file, "nameserver", 1, &dns->servers[i]);
	write_words(file, "options", dns->n_options, dns->options);
}

static int write_file(const char *path, const Runtime__V1__PodSandboxConfig *pod,
		      void (*fill)(FILE *file, const Runtime__V1__PodSandboxConfig *pod),
		      struct problem *problem)
{
	FILE *file = fopen(path, "we");
	bool failed;

	if (!file)
		return problem_set(problem, -errno, "%s: cannot make it: %s", path,
				   strerror(errno));
	fill(file, pod);
	/* Any user of the container may read it. */
	failed = fchmod(fileno(file), 0644) < 0 || ferror(file);
	if (fclose(file) || failed)
		return problem_set(problem, -EIO, "%s: cannot write it", path);
	return 0;
}

int pod_files_write(const char *folder, const Runtime__V1__PodSandboxConfig *pod,
		    struct problem *problem)
{
	static void (*const fills[])(FILE *, const Runtime__V1__PodSandboxConfig *) = {
		write_hosts, write_hostname, write_resolv_conf
	};
	char path[PATH_MAX];
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		r = write_file(path, pod, fills[i], problem);
	}
	return r;
}

static const char *text_of(struct json_object *object, const char *name)
{
	struct json_object *found;

	if (!json_object_object_get_ex(object, name, &found) ||
	    !json_object_is_type(found, json_type_string))
		return "";
	return json_object_get_string(found);
}

/* NULL: nothing is mounted there. */
static struct json_object *find_mount(struct json_object *mounts, const char *destination)
{
	for (size_t i = 0; i < json_object_array_length(mounts); i++) {
		struct json_object *mount = json_object_array_get_idx(mounts, i);

		if (json_object_is_type(mount, json_type_object) &&
		    !strcmp(text_of(mount, "destination"), destination))
			return mount;
	}
	return NULL;
}

static void set_text(struct json_object *object, const char *name, const char *text)
{
	json_object_object_add(object, name, json_object_new_string(text));
}

static struct json_object *add_mount(struct json_object *mounts, const char *destination)
{
	struct json_object *mount = json_object_new_object();

	set_text(mount, "destination", destination);
	json_object_array_add(mounts, mount);
	return mount;
}

/* What was said of its options, "ro" for one, is kept. */
static void point_to(struct json_object *mount, const char *source)
{
	struct json_object *options;

	set_text(mount, "type", "bind");
	set_text(mount, "source", source);
	if (json_object_object_get_ex(mount, "options", &options))
		return;
	options = json_object_new_array();
	json_object_array_add(options, json_object_new_string("rbind"));
	json_object_array_add(options, json_object_new_string("rw"));
	json_object_object_add(mount, "options", options);
}

static bool is_file(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode);
}

static void add_file(struct json_object *mounts, const char *folder, const char *name)
{
	char destination[32], source[PATH_MAX];
	struct json_object *mount;

	snprintf(destination, sizeof(destination), "/etc/%s", name);
	snprintf(source, sizeof(source), "%s/%s", folder, name);
	mount = find_mount(mounts, destination);
	if (mount && is_file(text_of(mount, "source")))
		return;
	point_to(mount ? mount : add_mount(mounts, destination), source);
}

/* One for all containers; the guest's, whatever is named here. */
static void add_shm(struct json_object *mounts)
{
	struct json_object *mount = find_mount(mounts, SHM);

	if (mount && strcmp(text_of(mount, "type"), "tmpfs") != 0)
		return;
	if (mount)
		json_object_object_del(mount, "options");
	point_to(mount ? mount : add_mount(mounts, SHM), SHM);
}

void pod_files_add(struct json_object *spec, const char *folder)
{
	struct json_object *mounts;

	if (!json_object_object_get_ex(spec, "mounts", &mounts) ||
	    !json_object_is_type(mounts, json_type_array)) {
		mounts = json_object_new_array();
		json_object_object_add(spec, "mounts", mounts);
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		add_file(mounts, folder, names[i]);
	add_shm(mounts);
}
