// SPDX-License-Identifier: GPL-2.0-or-later
#include "huge_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define PRIVATE	"/sys/kernel/mm/transparent_hugepage/enabled"
#define SHARED	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

static int choice_is(const char *path, const char *choice)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[128] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	return !!strstr(text, choice);
}

static int choose(const char *path, const char *choice)
{
	cleanup_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, choice, strlen(choice)) < 0 ? -errno : 0;
}

int huge_pages_allow(void)
{
	int never = choice_is(PRIVATE, "[never]"), r;

	if (never)
		return never < 0 ? never : 0;
	never = choice_is(SHARED, "[never]");
	if (never <= 0)
		return never;
	r = choose(SHARED, "advise");
	return r ? r : 1;
}

void huge_pages_forbid(void)
{
	if (choice_is(SHARED, "[advise]") > 0)
		choose(SHARED, "never");
}
