// SPDX-License-Identifier: GPL-2.0-or-later
#include "cores.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "config/cpu_list.h"

unsigned int cores_next(const struct cores *cores, unsigned int cpu)
{
	return cores->next && cpu < CPU_LIST_MAX ? cores->next[cpu] : cpu;
}

static bool are_joined(const struct cores *cores, unsigned int a, unsigned int b)
{
	unsigned int cpu = a;

	do {
		if (cpu == b)
			return true;
		cpu = cores_next(cores, cpu);
	} while (cpu != a);
	return false;
}

static int make_rings(struct cores *cores)
{
	if (!cores->next)
		cores->next = malloc(CPU_LIST_MAX * sizeof(*cores->next));
	if (!cores->next)
		return -ENOMEM;
	for (unsigned int cpu = 0; cpu < CPU_LIST_MAX; cpu++)
		cores->next[cpu] = (uint16_t)cpu;
	return 0;
}

/* Of two rings one. */
static void join(struct cores *cores, unsigned int a, unsigned int b)
{
	uint16_t next = cores->next[a];

	if (are_joined(cores, a, b))
		return;
	cores->next[a] = cores->next[b];
	cores->next[b] = next;
}

static int read_siblings(const char *folder, unsigned int cpu, struct cpu_list *ret)
{
	cleanup_close int fd = -1;
	char path[128], text[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/cpu%u/topology/thread_siblings_list", folder, cpu);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = 0;
	return cpu_list_parse(text, "\n", ret);
}

static int join_list(struct cores *cores, unsigned int cpu, const struct cpu_list *list)
{
	int r = 0;

	for (unsigned int other = 0; other < CPU_LIST_MAX; other++) {
		if (other == cpu || !cpu_list_has(list, other))
			continue;
		if (!cores->next)
			r = make_rings(cores);
		if (r < 0)
			return r;
		join(cores, cpu, other);
	}
	return 0;
}

int cores_read(struct cores *cores, const char *folder)
{
	char path[128];
	struct cpu_list list = { 0 };
	int r = 0;

	for (unsigned int cpu = 0; r == 0 && cpu < CPU_LIST_MAX; cpu++) {
		snprintf(path, sizeof(path), "%s/cpu%u", folder, cpu);
		/* There are no gaps in their numbers. */
		if (access(path, F_OK) < 0)
			break;
		if (!read_siblings(folder, cpu, &list))
			r = join_list(cores, cpu, &list);
	}
	return r;
}

/* Neighbours, or the second threads of all cores behind the first ones of all. */
static void guess(struct cores *cores, unsigned int a, unsigned int b)
{
	unsigned int low = a < b ? a : b, distance = a < b ? b - a : a - b;

	for (unsigned int cpu = 0; cpu + distance < CPU_LIST_MAX; cpu++)
		if (cpu % (2 * distance) / distance == low % (2 * distance) / distance &&
		    cores->next[cpu] == cpu && cores->next[cpu + distance] == cpu + distance)
			join(cores, cpu, cpu + distance);
	cores->is_guessed = true;
}

/* The facts alone. */
static void drop_guesses(struct cores *cores)
{
	make_rings(cores);
	for (unsigned int i = 0; i < cores->nr_facts; i++)
		join(cores, cores->facts[i].a, cores->facts[i].b);
	cores->is_guessed = false;
}

bool cores_learn(struct cores *cores, unsigned int a, unsigned int b)
{
	bool is_first = !cores->next;

	if (a == b || a >= CPU_LIST_MAX || b >= CPU_LIST_MAX || are_joined(cores, a, b) ||
	    cores->nr_facts == CORES_MAX_FACTS || (is_first && make_rings(cores) < 0))
		return false;
	cores->facts[cores->nr_facts].a = (uint16_t)a;
	cores->facts[cores->nr_facts++].b = (uint16_t)b;
	if (cores->is_guessed)
		drop_guesses(cores);
	join(cores, a, b);
	if (is_first)
		guess(cores, a, b);
	return true;
}

void cores_done(struct cores *cores)
{
	free(cores->next);
	*cores = (struct cores){ 0 };
}
