// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Limits: the guest has cgroup version 2, whatever the host has, no swap and no
 * I/O scheduler; its CPUs, nodes and disks have numbers of their own. crun fails
 * for a limit that the kernel does not know.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest_spec.h"

static void clear_string(char **string)
{
	if (*string != protobuf_c_empty_string)
		free(*string);
	*string = (char *)protobuf_c_empty_string;
}

static void adapt_memory(Grpc__LinuxMemory *memory)
{
	memory->swap = memory->kernel = memory->kerneltcp = 0;
	memory->swappiness = 0;
	memory->disableoomkiller = memory->usehierarchy = false;
}

static void adapt_cpu(Grpc__LinuxCPU *cpu)
{
	clear_string(&cpu->cpus);
	clear_string(&cpu->mems);
	cpu->realtimeruntime = 0;
	cpu->realtimeperiod = 0;
}

/* "2MB", "1GB", "64KB" */
static bool has_page_size(const char *size)
{
	unsigned long number, kilobytes;
	char path[80], unit;

	if (sscanf(size, "%lu%cB", &number, &unit) != 2)
		return false;
	kilobytes = unit == 'G' ? number << 20 :
		    unit == 'M' ? number << 10 :
				  number;
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lukB",
		 kilobytes);
	return access(path, F_OK) == 0;
}

static void drop_huge_pages(Grpc__LinuxResources *resources)
{
	Grpc__LinuxHugepageLimit **limits = resources->hugepagelimits;

	for (size_t i = 0; i < resources->n_hugepagelimits; i++) {
		if (has_page_size(limits[i]->pagesize))
			continue;
		grpc__linux_hugepage_limit__free_unpacked(limits[i], NULL);
		limits[i--] = limits[--resources->n_hugepagelimits];
	}
}

void guest_spec_adapt_resources(Grpc__LinuxResources *resources)
{
	if (resources->memory)
		adapt_memory(resources->memory);
	if (resources->cpu)
		adapt_cpu(resources->cpu);
	if (resources->blockio)
		grpc__linux_block_io__free_unpacked(resources->blockio, NULL);
	resources->blockio = NULL;
	if (resources->network)
		grpc__linux_network__free_unpacked(resources->network, NULL);
	resources->network = NULL;
	while (resources->n_rdma)
		protobuf_c_message_free_unpacked(
			&resources->rdma[--resources->n_rdma]->base, NULL);
	drop_huge_pages(resources);
}
