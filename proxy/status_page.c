// SPDX-License-Identifier: GPL-2.0-or-later
#include "status_page.h"

#include <string.h>

static struct status_page nobodys;

struct status_page *status_page = &nobodys;

void status_add_cpu(uint32_t apic_id)
{
	uint32_t at = atomic_load(&status_page->nr_cpus);

	/* Calls of a lease come one after the other. */
	if (at >= STATUS_CPUS)
		return;
	status_page->cpus[at] = apic_id;
	atomic_store(&status_page->nr_cpus, at + 1);
}

void status_add_lent_memory(uint64_t bytes)
{
	atomic_fetch_add(&status_page->lent_memory, bytes);
}

void status_greeted(void)
{
	atomic_store(&status_page->greeted, 1);
}

static int is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-._:", c);
}

void status_set_name(const char *name)
{
	size_t bytes = strnlen(name, STATUS_NAME - 1);

	for (size_t i = 0; i < bytes; i++)
		status_page->name[i] = is_plain(name[i]) ? name[i] : '_';
	status_page->name[bytes] = 0;
}
