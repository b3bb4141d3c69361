// SPDX-License-Identifier: GPL-2.0-or-later
#include "pod.h"

#include <errno.h>
#include <string.h>

#include <json-c/json.h>

#include "../config/problem.h"
#include "options.h"

static const struct dialect {
	const char *role;
	const char *sandbox_word;
	const char *sandbox_id;
} dialects[] = {
	{ "io.kubernetes.cri.container-type", "sandbox", "io.kubernetes.cri.sandbox-id" },
	{ "io.kubernetes.cri-o.ContainerType", "sandbox", "io.kubernetes.cri-o.SandboxID" },
	{ "io.kubernetes.docker.type", "podsandbox", "io.kubernetes.sandbox.id" },
};

static const char *annotation(struct json_object *annotations, const char *name)
{
	struct json_object *value;

	if (!json_object_object_get_ex(annotations, name, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

static int complain(struct problem *problem, const char *name, const char *value,
		    const char *remedy)
{
	return problem_set(problem, -EINVAL, "annotation %s: %.100s: %s", name,
			   value ? value : "not given", remedy);
}

static int read_place(struct json_object *annotations, const struct dialect *dialect,
		      const char *role, struct pod_place *ret_place, struct problem *problem)
{
	const char *sandbox = annotation(annotations, dialect->sandbox_id);

	if (!strcmp(role, dialect->sandbox_word)) {
		*ret_place = (struct pod_place){ .role = POD_SANDBOX };
		return 0;
	}
	if (strcmp(role, "container") != 0)
		return complain(problem, dialect->role, role,
				"must be container, or what means the pod itself");
	if (!sandbox || !identifier_is_valid(sandbox))
		return complain(problem, dialect->sandbox_id, sandbox,
				"must name the pod of this container");
	*ret_place = (struct pod_place){ .role = POD_CONTAINER, .sandbox = sandbox };
	return 0;
}

int pod_place_find(struct json_object *config, struct pod_place *ret_place, struct problem *problem)
{
	struct json_object *annotations;
	const char *role;

	*ret_place = (struct pod_place){ .role = POD_SINGLE };
	if (!json_object_object_get_ex(config, "annotations", &annotations) ||
	    !json_object_is_type(annotations, json_type_object))
		return 0;
	for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++) {
		role = annotation(annotations, dialects[i].role);
		if (role)
			return read_place(annotations, &dialects[i], role, ret_place, problem);
	}
	return 0;
}
