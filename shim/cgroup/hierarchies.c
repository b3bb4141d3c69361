// SPDX-License-Identifier: GPL-2.0-or-later
#include "hierarchies.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOT "/sys/fs/cgroup"

/* @names: of /proc/self/cgroup, such as "cpu,cpuacct", "name=systemd"; of v2 "". */
static int make_root(const char *names, char **ret)
{
	const char *equals = strchr(names, '=');
	char *root;
	int n;

	if (*names)
		n = asprintf(&root, ROOT "/%s", equals ? equals + 1 : names);
	else if (!access(ROOT "/cgroup.controllers", F_OK))
		n = asprintf(&root, ROOT);
	else
		n = asprintf(&root, ROOT "/unified");
	if (n < 0)
		return -ENOMEM;
	*ret = root;
	return 0;
}

static int add(struct hierarchies *hierarchies, const char *names, const char *here)
{
	struct hierarchy *added = &hierarchies->all[hierarchies->nr];
	char *root;
	int r = make_root(names, &root);

	if (r < 0)
		return r;
	if (access(root, F_OK) < 0) {
		free(root);
		return 0;
	}
	*added = (struct hierarchy){ .root = root, .here = strdup(here) };
	hierarchies->nr++;
	return added->here ? 0 : -ENOMEM;
}

/* NUMBER:NAMES:PATH */
static int add_line(struct hierarchies *hierarchies, char *line)
{
	char *names = strchr(line, ':'), *here = names ? strchr(names + 1, ':') : NULL;

	if (!here || hierarchies->nr == HIERARCHIES_MAX)
		return 0;
	*here++ = 0;
	here[strcspn(here, "\n")] = 0;
	return add(hierarchies, names + 1, here);
}

int hierarchies_read(struct hierarchies *ret)
{
	FILE *file = fopen("/proc/self/cgroup", "re");
	struct hierarchies found = { 0 };
	char *line = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return -errno;
	while (r == 0 && getline(&line, &size, file) > 0)
		r = add_line(&found, line);
	free(line);
	fclose(file);
	if (r == 0 && !found.nr)
		r = -ENOENT;
	if (r < 0)
		hierarchies_done(&found);
	else
		*ret = found;
	return r;
}

void hierarchies_done(struct hierarchies *hierarchies)
{
	for (size_t i = 0; i < hierarchies->nr; i++) {
		free(hierarchies->all[i].root);
		free(hierarchies->all[i].here);
	}
	hierarchies->nr = 0;
}
