// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "block.h"
#include "files.h"

#define STEP_MS 5
#define WAIT_MS 2000

static int find_once(const char *serial, char *node, size_t size)
{
	DIR *directory = opendir("/sys/block");
	char path[512], found[64];
	struct dirent *entry;
	int r = -ENODEV;

	if (!directory)
		return -errno;
	while (r < 0 && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), "/sys/block/%s/serial",
			 entry->d_name);
		if (file_read(path, found, sizeof(found)) <= 0 ||
		    strcmp(found, serial))
			continue;
		snprintf(node, size, "/dev/%s", entry->d_name);
		r = access(node, F_OK) < 0 ? -ENODEV : 0;
	}
	closedir(directory);
	return r;
}

int block_find(const char *serial, char *node, size_t size)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	int r = find_once(serial, node, size);

	for (int waited = 0; r < 0 && waited < WAIT_MS; waited += STEP_MS) {
		nanosleep(&step, NULL);
		r = find_once(serial, node, size);
	}
	return r;
}
