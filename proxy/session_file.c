// SPDX-License-Identifier: GPL-2.0-or-later
#include "session_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

#define MAGIC		0x534d424bu	/* "KBMS" */
#define VERSION		2u
/* A page of its own, so that it can be mapped alone. */
#define PAGE_AT		4096

static int directory = -1;

int session_files_init(const char *run_directory)
{
	cleanup_close int run = -1;

	if (mkdir(run_directory, 0755) < 0 && errno != EEXIST)
		return -errno;
	run = open(run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run < 0 || (mkdirat(run, "sessions", 0700) < 0 && errno != EEXIST))
		return -errno;
	directory = openat(run, "sessions", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return directory < 0 ? -errno : 0;
}

static void name_of(uint32_t number, char *ret_name, size_t bytes)
{
	snprintf(ret_name, bytes, "%u", number);
}

static int open_new(const char *name, struct session_file *file)
{
	file->fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0 || ftruncate(file->fd, PAGE_AT + (off_t)sizeof(struct status_page)) < 0)
		return -errno;
	file->lock = openat(directory, name, O_RDONLY | O_CLOEXEC);
	return file->lock < 0 || flock(file->lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
}

int session_file_create(uint32_t number, struct session_file *ret_file)
{
	struct session_file file = { .fd = -1, .lock = -1 };
	char name[16];
	int r;

	name_of(number, name, sizeof(name));
	r = open_new(name, &file);
	if (!r) {
		*ret_file = file;
		return 0;
	}
	session_file_close(&file);
	if (r != -EEXIST)
		session_file_remove(number);
	return r;
}

int session_file_write(const struct session_file *file, struct session_record *record)
{
	ssize_t n;

	record->magic = MAGIC;
	record->version = VERSION;
	n = pwrite(file->fd, record, sizeof(*record), 0);
	if (n < 0)
		return -errno;
	return n == sizeof(*record) ? 0 : -ENOSPC;
}

int session_file_map(int fd, struct status_page **ret_page)
{
	void *page = mmap(NULL, sizeof(**ret_page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			  PAGE_AT);

	if (page == MAP_FAILED)
		return -errno;
	*ret_page = page;
	return 0;
}

void session_file_close(struct session_file *file)
{
	close_fd(file->lock);
	close_fd(file->fd);
	*file = (struct session_file){ .fd = -1, .lock = -1 };
}

void session_file_remove(uint32_t number)
{
	char name[16];

	name_of(number, name, sizeof(name));
	unlinkat(directory, name, 0);
}

static int open_file(uint32_t number)
{
	char name[16];
	int fd;

	name_of(number, name, sizeof(name));
	fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int session_file_read(uint32_t number, struct session_view *ret_view)
{
	cleanup_close int fd = open_file(number);
	struct session_record *record = &ret_view->record;

	if (fd < 0)
		return fd;
	if (pread(fd, record, sizeof(*record), 0) != sizeof(*record) ||
	    pread(fd, &ret_view->page, sizeof(ret_view->page), PAGE_AT) !=
	    sizeof(ret_view->page) || record->magic != MAGIC || record->version != VERSION ||
	    record->session != number || record->pid <= 0)
		return -EINVAL;
	ret_view->page.name[STATUS_NAME - 1] = 0;
	record->transport[sizeof(record->transport) - 1] = 0;
	return 0;
}

int session_file_alive(uint32_t number)
{
	cleanup_close int fd = open_file(number);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

int session_files_each(void (*found)(uint32_t number, void *context), void *context)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	unsigned long number;
	DIR *list;
	char *end;

	list = fd < 0 ? NULL : fdopendir(fd);
	if (!list) {
		close_fd(fd);
		return -errno;
	}
	while ((entry = readdir(list))) {
		number = strtoul(entry->d_name, &end, 10);
		if (end != entry->d_name && !*end && number <= INT32_MAX)
			found((uint32_t)number, context);
	}
	closedir(list);
	return 0;
}
