// SPDX-License-Identifier: GPL-2.0-or-later
#include "sandbox_spec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "protocols/any.h"
#include "spec.h"

#define CRI "io.kubernetes.cri."
#define SLICE ".slice"

int pod_config_unpack(const Google__Protobuf__Any *options, Runtime__V1__PodSandboxConfig **ret,
		      struct problem *problem)
{
	const ProtobufCMessageDescriptor *descriptor = &runtime__v1__pod_sandbox_config__descriptor;

	*ret = NULL;
	if (!any_is(options, descriptor->name))
		return 0;
	if (any_unpack(options, descriptor, (ProtobufCMessage **)ret) < 0)
		return problem_set(problem, -EINVAL, "options of the sandbox: not readable as %s",
				   descriptor->name);
	return 0;
}

/* The member of that name; made if it is not there, or is something else. */
static struct json_object *object_in(struct json_object *parent, const char *name)
{
	struct json_object *found;

	if (json_object_object_get_ex(parent, name, &found) &&
	    json_object_is_type(found, json_type_object))
		return found;
	found = json_object_new_object();
	json_object_object_add(parent, name, found);
	return found;
}

/* Names of CRI's own say what kubelet knows: a pod cannot give them itself. */
static void add_annotation(struct json_object *annotations, const char *name, const char *value)
{
	if (strncmp(name, CRI, strlen(CRI)) != 0)
		json_object_object_add(annotations, name, json_object_new_string(value));
}

static int check_network(const Runtime__V1__PodSandboxConfig *pod, struct problem *problem)
{
	const Runtime__V1__LinuxSandboxSecurityContext *security =
		pod->linux ? pod->linux->security_context : NULL;

	if (!security || !security->namespace_options ||
	    security->namespace_options->network != RUNTIME__V1__NAMESPACE_MODE__NODE)
		return 0;
	return problem_set(problem, -EOPNOTSUPP,
			   "the pod wants the host's network, which a guest cannot have; run it "
			   "without hostNetwork");
}

static void add_number(struct json_object *parent, const char *name, int64_t value)
{
	if (value > 0)
		json_object_object_add(parent, name, json_object_new_int64(value));
}

static void add_resources(struct json_object *linux_,
			  const Runtime__V1__LinuxContainerResources *resources)
{
	struct json_object *object = object_in(linux_, "resources");
	struct json_object *cpu = object_in(object, "cpu");

	add_number(cpu, "quota", resources->cpu_quota);
	add_number(cpu, "period", resources->cpu_period);
	add_number(object_in(object, "memory"), "limit", resources->memory_limit_in_bytes);
}

/* As CRI makes it for the container that stands for a pod elsewhere. */
static void add_cgroup(struct json_object *linux_, const char *parent, const char *id)
{
	const char *base = strrchr(parent, '/');
	cleanup_free char *path = NULL;
	size_t length;
	int r;

	base = base ? base + 1 : parent;
	length = strlen(base);
	if (length > strlen(SLICE) && !strcmp(base + length - strlen(SLICE), SLICE))
		r = asprintf(&path, "%s:cri-containerd:%s", base, id);
	else
		r = asprintf(&path, "%s/%s", parent, id);
	if (r < 0)
		abort();
	json_object_object_add(linux_, "cgroupsPath", json_object_new_string(path));
}

static void add_pod(struct json_object *spec, const Runtime__V1__PodSandboxConfig *pod,
		    const char *id)
{
	struct json_object *annotations = object_in(spec, "annotations");
	struct json_object *linux_ = object_in(spec, "linux");

	for (size_t i = 0; i < pod->n_annotations; i++)
		add_annotation(annotations, pod->annotations[i]->key, pod->annotations[i]->value);
	if (*pod->hostname)
		json_object_object_add(spec, "hostname", json_object_new_string(pod->hostname));
	if (pod->linux && pod->linux->resources)
		add_resources(linux_, pod->linux->resources);
	if (pod->linux && *pod->linux->cgroup_parent)
		add_cgroup(linux_, pod->linux->cgroup_parent, id);
}

int sandbox_spec_make(const Containerd__Runtime__Sandbox__V1__CreateSandboxRequest *request,
		      const Runtime__V1__PodSandboxConfig *pod, struct json_object **ret_spec,
		      struct problem *problem)
{
	struct json_object *spec, *annotations;
	int r = pod ? check_network(pod, problem) : 0;

	if (r < 0)
		return r;
	r = spec_read(request->bundle_path, &spec, problem);
	if (r == -ENOENT)
		spec = json_object_new_object();
	else if (r < 0)
		return r;
	annotations = object_in(spec, "annotations");
	for (size_t i = 0; i < request->n_annotations; i++)
		add_annotation(annotations, request->annotations[i]->key,
			       request->annotations[i]->value);
	if (pod)
		add_pod(spec, pod, request->sandbox_id);
	*ret_spec = spec;
	return 0;
}

void sandbox_spec_add_sysctls(struct json_object *spec, const Runtime__V1__PodSandboxConfig *pod)
{
	struct json_object *sysctls;

	if (!pod->linux || !pod->linux->n_sysctls)
		return;
	sysctls = object_in(object_in(spec, "linux"), "sysctl");
	for (size_t i = 0; i < pod->linux->n_sysctls; i++) {
		const char *name = pod->linux->sysctls[i]->key;

		if (!json_object_object_get_ex(sysctls, name, NULL))
			json_object_object_add(sysctls, name,
					       json_object_new_string(pod->linux->sysctls[i]->value));
	}
}
