// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static int write_all(int fd, const char *data, size_t size)
{
	ssize_t part;

	while (size) {
		part = write(fd, data, size);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -errno;
		data += part;
		size -= part;
	}
	return 0;
}

static int write_to(const char *path, int flags, mode_t mode, const void *data,
		    size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags, mode);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, data, size);
	close(fd);
	return r;
}

int file_write(const char *path, const char *text)
{
	return write_to(path, 0, 0, text, strlen(text));
}

int file_create(const char *path, const void *data, size_t size, mode_t mode)
{
	return write_to(path, O_CREAT | O_TRUNC, mode, data, size);
}

ssize_t file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t part = 1;

	if (fd < 0)
		return -errno;
	while (part > 0 && used < size - 1) {
		part = read(fd, text + used, size - 1 - used);
		if (part > 0)
			used += part;
	}
	part = part < 0 ? -errno : 0;
	close(fd);
	if (part < 0)
		return part;
	if (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return used;
}

int directory_make(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	if (strlen(path) >= sizeof(part))
		return -ENAMETOOLONG;
	for (const char *slash = strchr(path + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

int name_check(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";
	size_t length = strlen(name);

	if (!length || length > 128 || *name == '.' || *name == '-')
		return -EINVAL;
	return strspn(name, letters) == length ? 0 : -EINVAL;
}
