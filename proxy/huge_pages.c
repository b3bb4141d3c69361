// SPDX-License-Identifier: GPL-2.0-or-later
#include "huge_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define CHOICE	"/sys/kernel/mm/transparent_hugepage/shmem_enabled"

int huge_pages_allow(void)
{
	static const char wanted[] = "advise";
	cleanup_close int fd = open(CHOICE, O_RDWR | O_CLOEXEC);
	char text[128] = "";

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -errno;
	if (!strstr(text, "[never]"))
		return 0;
	return pwrite(fd, wanted, sizeof(wanted) - 1, 0) < 0 ? -errno : 0;
}
