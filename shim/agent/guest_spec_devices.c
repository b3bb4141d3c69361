// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "block.h"
#include "guest_spec_devices.h"

static int find_node(const Grpc__Device *device, char *node, size_t size,
		     struct problem *problem)
{
	int r;

	if (strcmp(device->type, "blk")) {
		snprintf(node, size, "%s", device->vm_path);
		return 0;
	}
	r = block_find(device->id, node, size);
	return r < 0 ? problem_set(
			       problem, r,
			       "the guest has no block device with serial \"%s\" (for %s)",
			       device->id, device->container_path) :
		       0;
}

static void renumber_rules(Grpc__LinuxResources *resources,
			   const Grpc__LinuxDevice *was, const struct stat *is)
{
	for (size_t i = 0; resources && i < resources->n_devices; i++) {
		Grpc__LinuxDeviceCgroup *rule = resources->devices[i];

		if (rule->major != was->major || rule->minor != was->minor ||
		    strcmp(rule->type, was->type))
			continue;
		rule->major = major(is->st_rdev);
		rule->minor = minor(is->st_rdev);
	}
}

static int adapt_device(Grpc__Linux *config, const Grpc__Device *device,
			struct problem *problem)
{
	struct stat status;
	char node[256];
	int r;

	r = find_node(device, node, sizeof(node), problem);
	if (r < 0)
		return r;
	if (stat(node, &status) < 0 ||
	    (!S_ISBLK(status.st_mode) && !S_ISCHR(status.st_mode)))
		return problem_set(problem, -ENODEV,
				   "%s is no device of the guest (for %s)",
				   node, device->container_path);
	for (size_t i = 0; i < config->n_devices; i++) {
		Grpc__LinuxDevice *listed = config->devices[i];

		if (strcmp(listed->path, device->container_path))
			continue;
		renumber_rules(config->resources, listed, &status);
		listed->major = major(status.st_rdev);
		listed->minor = minor(status.st_rdev);
	}
	return 0;
}

int guest_spec_adapt_devices(Grpc__CreateContainerRequest *request,
			     struct problem *problem)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < request->n_devices; i++)
		r = adapt_device(request->oci->linux, request->devices[i],
				 problem);
	return r;
}
