// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "files.h"

#define FREEZE_STEP_MS 1
#define FREEZE_WAIT_MS 2000

static void path_of(const char *path, const char *file, char to[PATH_MAX])
{
	snprintf(to, PATH_MAX, "%s/%s", path, file);
}

unsigned long long cgroup_value(const char *path, const char *file,
				const char *name)
{
	char at[PATH_MAX], text[8192], *rest = text, *line;
	size_t length = strlen(name);

	path_of(path, file, at);
	if (file_read(at, text, sizeof(text)) < 0)
		return 0;
	while ((line = strsep(&rest, "\n")))
		if (!strncmp(line, name, length) && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	return 0;
}

int cgroup_freeze(const char *path, bool freeze)
{
	const struct timespec step = { .tv_nsec = FREEZE_STEP_MS * 1000000 };
	char at[PATH_MAX];
	int r;

	path_of(path, "cgroup.freeze", at);
	r = file_write(at, freeze ? "1" : "0");
	for (int waited = 0; r >= 0 && waited < FREEZE_WAIT_MS;
	     waited += FREEZE_STEP_MS) {
		if (cgroup_value(path, "cgroup.events", "frozen") == freeze)
			return 0;
		nanosleep(&step, NULL);
	}
	return r < 0 ? r : -ETIMEDOUT;
}

static int signal_each(const char *path, int number)
{
	char at[PATH_MAX];
	FILE *processes;
	int pid, r = -ESRCH;

	path_of(path, "cgroup.procs", at);
	processes = fopen(at, "re");
	if (!processes)
		return -errno;
	while (fscanf(processes, "%d", &pid) == 1)
		if (pid > 1 && kill(pid, number) == 0)
			r = 0;
	fclose(processes);
	return r;
}

int cgroup_signal(const char *path, int number)
{
	char at[PATH_MAX];

	/* All at once, so that none can fork meanwhile. */
	path_of(path, "cgroup.kill", at);
	if (number == SIGKILL &&
	    cgroup_value(path, "cgroup.events", "populated") &&
	    file_write(at, "1") == 0)
		return 0;
	return signal_each(path, number);
}
