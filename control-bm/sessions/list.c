// SPDX-License-Identifier: GPL-2.0-or-later
#include "list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"

#define READINGS 100
#define PAUSE_US 10000

/* Return: the text, or NULL with errno set. */
static char *read_once(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int error;

	if (!file)
		return NULL;
	/* There is no NUL in it: this is all. */
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = feof(file) ? strdup("") : NULL;
	}
	error = errno;
	fclose(file);
	errno = error;
	return text;
}

int list_read(const char *path, char **ret_text)
{
	cleanup_free char *before = read_once(path);
	char *now;

	if (!before)
		return -errno;
	for (int i = 1; i < READINGS; i++) {
		now = read_once(path);
		if (!now)
			return -errno;
		if (!strcmp(before, now)) {
			*ret_text = now;
			return 0;
		}
		free(before);
		before = now;
		usleep(PAUSE_US);
	}
	return -EAGAIN;
}
