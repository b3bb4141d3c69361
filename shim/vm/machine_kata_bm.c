// SPDX-License-Identifier: GPL-2.0-or-later
/* A direct guest: lent CPUs, lent memory, virtio-bm. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "config/problem.h"
#include "machine.h"

#define DEVICE		"/dev/kata-bm"
/* Only a control BM's kernel has it. */
#define CHANNEL		"/sys/class/misc/kata-bm/channel"

static const char *find_proxy(const struct config *config)
{
	if (strcmp(config->proxy, "auto"))
		return config->proxy;
	return access(CHANNEL, F_OK) ? "" : "kbm:" DEVICE;
}

static int add(struct command *command, const struct config *config, const char **ret_note,
	       struct problem *problem)
{
	const char *proxy = find_proxy(config);
	char node[32] = "";

	*ret_note = NULL;
	if (strncmp(proxy, "unix:", 5) && access(DEVICE, R_OK | W_OK))
		return problem_set(
			problem, -ENODEV,
			"isolation = \"%s\" lends CPUs and memory, and there is no usable " DEVICE
			" (%s): start containers in a control BM or on a Kata BM host, "
			"or set isolation = \"none\" in " CONFIG_PATH
			" for ordinary VMs without that isolation",
			config_isolation_name(config->isolation), strerror(errno));
	if (config->node >= 0)
		snprintf(node, sizeof(node), ",node=%d", config->node);
	command_option(command, "-machine", "kata-bm,isolation=%s%s,cpus=",
		       config_isolation_name(config->isolation), node);
	if (*proxy)
		command_path(command, "-accel", proxy, "kvm,proxy=");
	else
		command_option(command, "-accel", "kvm");
	return 0;
}

const struct machine machine_kata_bm = {
	.suffix = "bm",
	.max_devices = 32,
	.is_direct = true,
	.add = add,
	.path = "/opt/kata-bm/bin/qemu-system-x86_64",
	.append = "console=kbm panic=-1",
};
