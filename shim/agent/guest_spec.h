/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A container's configuration, made fit for the guest. */
#ifndef KBM_AGENT_GUEST_SPEC_H
#define KBM_AGENT_GUEST_SPEC_H

#include "agent.pb-c.h"
#include "config/problem.h"

/*
 * Changes the request's OCI message, which stays the caller's:
 *
 * - all containers are in the guest's own network, IPC and UTS namespaces where
 *   the host's config has a path (its pod's); pid: the sandbox's, if asked for;
 * - sysctls of those namespaces are set in the guest itself;
 * - the cgroup is cgroup_path; security labels are the host's and dropped;
 * - devices get the numbers that they have in the guest.
 *
 * pause_pid: first process of the sandbox's PID namespace, 0 if there is none.
 * Returns 0 or a negative errno with words.
 */
int guest_spec_adapt(Grpc__CreateContainerRequest *request,
		     const char *cgroup_path, pid_t pause_pid,
		     struct problem *problem);

/*
 * Leaves the limits that mean something in the guest: not CPU sets and rates of
 * devices, which are the host's, nor swap and what only cgroup version 1 has.
 */
void guest_spec_adapt_resources(Grpc__LinuxResources *resources);

/* The same for a process that is started in a container. */
void guest_spec_adapt_process(Grpc__Process *process);

#endif
