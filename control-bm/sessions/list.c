// SPDX-License-Identifier: GPL-2.0-or-later
#include "list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"

#define READINGS	100
#define PAUSE_US	10000

static int read_once(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	int r = 0;

	if (!file)
		return -errno;
	/* There is no NUL in it: this is all. */
	if (getdelim(&text, &size, '\0', file) < 0) {
		r = feof(file) ? 0 : -errno;
		free(text);
		text = r ? NULL : strdup("");
	}
	fclose(file);
	if (!r && !text)
		r = -ENOMEM;
	*ret_text = text;
	return r;
}

int list_read(const char *path, char **ret_text)
{
	cleanup_free char *before = NULL;
	char *now;
	int r = read_once(path, &before);

	for (int i = 1; !r && i < READINGS; i++) {
		r = read_once(path, &now);
		if (!r && !strcmp(before, now)) {
			*ret_text = now;
			return 0;
		}
		if (!r) {
			free(before);
			before = now;
			usleep(PAUSE_US);
		}
	}
	return r ? r : -EAGAIN;
}
