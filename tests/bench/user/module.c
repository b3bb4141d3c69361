/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define RESULT	"/sys/module/kbm_bench/parameters/result"

static int print_result(void)
{
	char text[4096];
	FILE *file = fopen(RESULT, "re");
	size_t length;

	if (!file)
		return -errno;
	length = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[length] = '\0';
	/* "{...}" with a newline behind: what is between the braces. */
	if (length < 3 || text[0] != '{')
		return -EBADMSG;
	*strrchr(text, '}') = '\0';
	printf("%s, ", text + 1);
	return 0;
}

int module_measure(const char *path, int cpu, int peer, unsigned int count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char parameters[96];
	int r = 0;

	if (fd < 0)
		return -errno;
	snprintf(parameters, sizeof(parameters), "cpu=%d peer=%d count=%u", cpu, peer, count);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		r = -errno;
	close(fd);
	if (r)
		return r;
	r = print_result();
	syscall(SYS_delete_module, "kbm_bench", O_NONBLOCK);
	return r;
}
