/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What CreateSandbox says of a sandbox, as a config.json would say it. */
#ifndef KBM_SHIM_SANDBOX_SPEC_H
#define KBM_SHIM_SANDBOX_SPEC_H

#include "pod_config.pb-c.h"
#include "sandbox.pb-c.h"

struct json_object;
struct problem;

/*
 * CRI's description of the pod, if @options (NULL: none) are that; else *@ret is
 * NULL. -EINVAL: not readable. For runtime__v1__pod_sandbox_config__free_unpacked().
 */
int pod_config_unpack(const Google__Protobuf__Any *options, Runtime__V1__PodSandboxConfig **ret,
		      struct problem *problem);

/*
 * The bundle's config.json if it has one, with annotations, host name, limits and
 * cgroup that the request and @pod (NULL: none) have. *@ret_spec is for
 * json_object_put(). -EOPNOTSUPP: the pod wants the host's network.
 */
int sandbox_spec_make(const Containerd__Runtime__Sandbox__V1__CreateSandboxRequest *request,
		      const Runtime__V1__PodSandboxConfig *pod, struct json_object **ret_spec,
		      struct problem *problem);

/*
 * The pod's sysctls in a container's @spec, beside those that it has itself: elsewhere
 * the container that stands for the pod has them. The agent sets them in the guest,
 * whose network and IPC are the pod's.
 */
void sandbox_spec_add_sysctls(struct json_object *spec, const Runtime__V1__PodSandboxConfig *pod);

#endif
