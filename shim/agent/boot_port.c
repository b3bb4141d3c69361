// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "files.h"

#define PORTS "/sys/class/virtio-ports"
#define STEP_MS 2
#define WAIT_MS 10000

static int find_device(const char *name, char *device, size_t size)
{
	DIR *directory = opendir(PORTS);
	struct dirent *entry;
	char path[512], found[128];
	int r = -ENOENT;

	if (!directory)
		return -errno;
	while (r == -ENOENT && (entry = readdir(directory))) {
		snprintf(path, sizeof(path), PORTS "/%s/name", entry->d_name);
		if (file_read(path, found, sizeof(found)) < 0 ||
		    strcmp(found, name))
			continue;
		snprintf(device, size, "/dev/%s", entry->d_name);
		r = 0;
	}
	closedir(directory);
	return r;
}

static int try_open(const char *name)
{
	char device[300];
	int fd, r;

	r = find_device(name, device, sizeof(device));
	if (r < 0)
		return r;
	fd = open(device, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/* Until the host's end is open, a read says "end of file". */
static bool host_listens(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) > 0 && !(poll_fd.revents & POLLHUP);
}

int boot_open_port(const char *name)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000 };
	int fd = -ENOENT;

	for (int waited = 0; waited < WAIT_MS; waited += STEP_MS) {
		if (fd < 0)
			fd = try_open(name);
		if (fd >= 0 && host_listens(fd))
			return fd;
		nanosleep(&step, NULL);
	}
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? -ETIMEDOUT : fd;
}
