// SPDX-License-Identifier: GPL-2.0-or-later
#include "core_facts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cores.h"

/* Two numbers of CPUs, with room. Some shims may have added the same at once. */
#define LINE_SIZE	16
#define LINES_MAX	(8 * CORES_MAX_FACTS)

void core_facts_read(int fd, struct cores *cores)
{
	char text[LINES_MAX * LINE_SIZE + 1];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	unsigned int a, b;

	text[n > 0 ? n : 0] = 0;
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (sscanf(line, "%5u %5u", &a, &b) == 2)
			cores_learn(cores, a, b);
	}
}

void core_facts_add(int fd, unsigned int a, unsigned int b)
{
	char line[LINE_SIZE];
	int length = snprintf(line, sizeof(line), "%u %u\n", a, b);

	/* At once: a line is whole, whoever else appends one. */
	if (length < (int)sizeof(line) && write(fd, line, (size_t)length) < 0)
		return;
}
