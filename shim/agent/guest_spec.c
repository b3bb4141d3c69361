// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "files.h"
#include "guest_spec.h"
#include "guest_spec_devices.h"

/*
 * crun refuses versions newer than itself, though what it does not know it would
 * ignore; all its releases take this one.
 */
#define OCI_VERSION "1.0.2"

static void set_string(char **string, const char *value)
{
	char *copy = *value ? strdup(value) : (char *)protobuf_c_empty_string;

	if (!copy)
		return;
	if (*string != protobuf_c_empty_string)
		free(*string);
	*string = copy;
}

static Grpc__LinuxNamespace *find_namespace(const Grpc__Linux *config,
					    const char *type)
{
	for (size_t i = 0; i < config->n_namespaces; i++)
		if (!strcmp(config->namespaces[i]->type, type))
			return config->namespaces[i];
	return NULL;
}

static void remove_namespace(Grpc__Linux *config, const char *type)
{
	for (size_t i = 0; i < config->n_namespaces; i++) {
		if (strcmp(config->namespaces[i]->type, type))
			continue;
		grpc__linux_namespace__free_unpacked(config->namespaces[i],
						     NULL);
		config->namespaces[i--] =
			config->namespaces[--config->n_namespaces];
	}
}

/*
 * A path is one of the host's: the pod's namespace, which here is the guest's.
 * The network is the guest's in any case.
 */
static void adapt_namespaces(Grpc__Linux *config, bool shared_pids,
			     pid_t pause_pid)
{
	static const char *const types[] = { "ipc", "uts", "cgroup", "time" };
	Grpc__LinuxNamespace *namespace;
	char path[64];

	remove_namespace(config, "network");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		namespace = find_namespace(config, types[i]);
		if (namespace && *namespace->path)
			remove_namespace(config, types[i]);
	}
	namespace = find_namespace(config, "pid");
	if (!namespace)
		return;
	set_string(&namespace->path, "");
	if (shared_pids && pause_pid) {
		snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pause_pid);
		set_string(&namespace->path, path);
	}
}

static bool is_of_ipc(const char *name)
{
	return !strncmp(name, "kernel.shm", 10) ||
	       !strncmp(name, "kernel.msg", 10) ||
	       !strncmp(name, "fs.mqueue.", 10) || !strcmp(name, "kernel.sem");
}

/* crun sets sysctls of namespaces that the container has to itself only. */
static bool is_guests_own(const Grpc__Linux *config, const char *name)
{
	if (!strncmp(name, "net.", 4))
		return true;
	return is_of_ipc(name) && !find_namespace(config, "ipc");
}

static int set_sysctl(const char *name, const char *value,
		      struct problem *problem)
{
	char path[256];
	int r;

	if (strlen(name) > 200 || strstr(name, ".."))
		return problem_set(problem, -EINVAL,
				   "no such sysctl: \"%.200s\"", name);
	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	/* As sysctl(8): a slash in the name stands for a dot in a file's. */
	for (char *at = path + 10; *at; at++)
		*at = *at == '.' ? '/' : *at == '/' ? '.' : *at;
	r = file_write(path, value);
	return r < 0 ? problem_set(problem, r,
				   "cannot set sysctl %s to \"%s\": %s", name,
				   value, strerror(-r)) :
		       0;
}

static int adapt_sysctls(Grpc__Linux *config, struct problem *problem)
{
	Grpc__Linux__SysctlEntry **entries = config->sysctl;
	int r;

	for (size_t i = 0; i < config->n_sysctl; i++) {
		if (!is_guests_own(config, entries[i]->key))
			continue;
		r = set_sysctl(entries[i]->key, entries[i]->value, problem);
		if (r < 0)
			return r;
		protobuf_c_message_free_unpacked(&entries[i]->base, NULL);
		entries[i--] = entries[--config->n_sysctl];
	}
	return 0;
}

void guest_spec_adapt_process(Grpc__Process *process)
{
	set_string(&process->apparmorprofile, "");
	set_string(&process->selinuxlabel, "");
}

int guest_spec_adapt(Grpc__CreateContainerRequest *request,
		     const char *cgroup_path, pid_t pause_pid,
		     struct problem *problem)
{
	Grpc__Spec *spec = request->oci;
	int r;

	if (!spec || !spec->process || !spec->root || !spec->linux)
		return problem_set(problem, -EINVAL,
				   "the container's configuration lacks %s",
				   !spec	  ? "everything" :
				   !spec->process ? "\"process\"" :
				   !spec->root	  ? "\"root\"" :
						    "\"linux\"");
	adapt_namespaces(spec->linux, request->sandbox_pidns, pause_pid);
	if (!find_namespace(spec->linux, "uts")) {
		set_string(&spec->hostname, "");
		set_string(&spec->domainname, "");
	}
	guest_spec_adapt_process(spec->process);
	set_string(&spec->ociversion, OCI_VERSION);
	set_string(&spec->linux->mountlabel, "");
	set_string(&spec->linux->cgroupspath, cgroup_path);
	if (spec->linux->resources)
		guest_spec_adapt_resources(spec->linux->resources);
	if (spec->linux->intelrdt)
		grpc__linux_intel_rdt__free_unpacked(spec->linux->intelrdt,
						     NULL);
	spec->linux->intelrdt = NULL;
	r = adapt_sysctls(spec->linux, problem);
	if (r < 0)
		return r;
	return guest_spec_adapt_devices(request, problem);
}
