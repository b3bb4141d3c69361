// SPDX-License-Identifier: GPL-2.0-or-later
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"

/* In proc(5)'s stat, counted from 1; the name before may have blanks. */
#define FIELD_STATE	3
#define FIELD_START	22

static int read_text(const char *path, char *text, size_t size)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size - 1);
	if (length < 0)
		return -errno;
	text[length] = 0;
	return 0;
}

int record_of(pid_t pid, struct record *ret)
{
	char path[64], text[2048], *at;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = read_text(path, text, sizeof(text));
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	at = strrchr(text, ')');
	for (int field = FIELD_STATE - 1; at && field < FIELD_START; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EBADMSG;
	ret->pid = pid;
	ret->start = strtoull(at, NULL, 10);
	return 0;
}

static int make_path(char path[PATH_MAX], const char *state_dir, const char *suffix)
{
	int length = snprintf(path, PATH_MAX, "%s/" RECORD_FILE "%s", state_dir, suffix);

	return length < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int record_write(const char *state_dir, const struct record *record)
{
	char path[PATH_MAX], new_path[PATH_MAX], text[64];
	cleanup_close int fd = -1;
	int length;

	if (make_path(path, state_dir, "") < 0 || make_path(new_path, state_dir, ".new") < 0)
		return -ENAMETOOLONG;
	length = snprintf(text, sizeof(text), "%d %" PRIu64 "\n", record->pid, record->start);
	fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)length) != length)
		return -EIO;
	return rename(new_path, path) < 0 ? -errno : 0;
}

int record_read(const char *state_dir, struct record *ret)
{
	char path[PATH_MAX], text[64];
	struct record record;
	int r;

	r = make_path(path, state_dir, "");
	if (r == 0)
		r = read_text(path, text, sizeof(text));
	if (r < 0)
		return r;
	if (sscanf(text, "%d %" SCNu64, &record.pid, &record.start) != 2 || record.pid <= 1 ||
	    text[strlen(text) - 1] != '\n')
		return -EBADMSG;
	*ret = record;
	return 0;
}

int record_remove(const char *state_dir)
{
	char path[PATH_MAX];
	int r = make_path(path, state_dir, "");

	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}
