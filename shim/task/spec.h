/* SPDX-License-Identifier: GPL-2.0-or-later */
/* config.json of a bundle, and what of it cannot mean the same in a guest. */
#ifndef KBM_SHIM_SPEC_H
#define KBM_SHIM_SPEC_H

#include <stdbool.h>

#include "oci.pb-c.h"
#include "pod.h"

struct config;
struct json_object;
struct problem;

/*
 * Parses BUNDLE/config.json. -ENOENT: no such bundle, or file; -EINVAL: no JSON,
 * or not an object. Free with json_object_put().
 */
int spec_read(const char *bundle, struct json_object **ret_spec, struct problem *problem);

/* The same of any file. */
int spec_read_file(const char *path, struct json_object **ret_spec, struct problem *problem);

/* Of the guest: hostname of config.json; "" if it has none. */
const char *spec_hostname(struct json_object *spec);

/*
 * Takes out of @spec what is the host's: paths of namespaces, CPU numbers,
 * AppArmor and SELinux labels. A namespace of the pod is the guest's own.
 * @ret_sandbox_pidns: all containers of the pod share one PID namespace.
 *
 * -EOPNOTSUPP: it asks for the host's PID or IPC namespace.
 */
int spec_detach(struct json_object *spec, const struct config *config, enum pod_role role,
		bool *ret_sandbox_pidns, struct problem *problem);

/* As a message for the agent; what could not be carried goes to the log. */
int spec_pack(struct json_object *spec, Grpc__Spec **ret_message, struct problem *problem);

/* Resources without the host's CPU numbers; @text: JSON of LinuxResources. */
int spec_pack_resources(const char *text, size_t size, Grpc__LinuxResources **ret_message,
			struct problem *problem);

/* @text: JSON of an OCI process, for exec. */
int spec_pack_process(const char *text, size_t size, Grpc__Process **ret_message,
		      struct problem *problem);

#endif
