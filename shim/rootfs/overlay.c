// SPDX-License-Identifier: GPL-2.0-or-later
#include "overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "mount_options.h"

#define LOWER		"lowerdir="
#define DATA_MAX	4095

/* Where the option begins in a comma-separated list; NULL: it is not there. */
static char *find_lower(char *data)
{
	char *at = data;

	while (at && strncmp(at, LOWER, strlen(LOWER))) {
		at = strchr(at, ',');
		at = at ? at + 1 : NULL;
	}
	return at;
}

/* Length of the folder that all names begin with, its slash included. */
static size_t common_folder(const char *names)
{
	const char *first = names;
	size_t length = strcspn(names, ":");

	for (; *names; names += *names == ':') {
		size_t same = 0;

		while (same < length && names[same] == first[same])
			same++;
		length = same;
		names += strcspn(names, ":");
	}
	while (length && first[length - 1] != '/')
		length--;
	return length;
}

/* All names without their first @cut bytes. */
static void shorten(char *names, size_t cut)
{
	char *to = names;

	while (*names) {
		size_t length = strcspn(names + cut, ":");

		memmove(to, names + cut, length);
		to += length;
		names += cut + length;
		if (*names)
			*to++ = *names++;
	}
	*to = 0;
}

/* "a,lowerdir=x:y,b" -> "a,b", and "x:y" in @ret_names. */
static int split(const char *data, char **ret_rest, char **ret_names)
{
	char *rest = strdup(data), *lower = rest ? find_lower(rest) : NULL;
	char *end;

	if (!lower) {
		free(rest);
		return rest ? -E2BIG : -ENOMEM;
	}
	end = lower + strcspn(lower, ",");
	*ret_names = strndup(lower + strlen(LOWER), (size_t)(end - lower) - strlen(LOWER));
	memmove(lower, *end ? end + 1 : end, strlen(*end ? end + 1 : end) + 1);
	*ret_rest = rest;
	return *ret_names ? 0 : -ENOMEM;
}

static int mount_in(const char *folder, const char *source, const char *target,
		    unsigned long flags, const char *data)
{
	cleanup_close int back = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = 0;

	if (back < 0 || chdir(folder) < 0)
		return -errno;
	if (mount(source, target, "overlay", flags, data) < 0)
		r = -errno;
	if (fchdir(back) < 0 && r == 0)
		r = -errno;
	return r;
}

int overlay_mount_by_short_names(const char *source, const char *target,
				 const struct mount_options *options)
{
	cleanup_free char *rest = NULL, *names = NULL, *folder = NULL, *data = NULL;
	size_t cut;
	int r;

	r = split(options->data, &rest, &names);
	if (r < 0)
		return r;
	cut = common_folder(names);
	if (!cut || *target != '/')
		return -E2BIG;
	folder = strndup(names, cut);
	shorten(names, cut);
	if (!folder || asprintf(&data, "%s%s" LOWER "%s", rest,
				*rest && rest[strlen(rest) - 1] != ',' ? "," : "", names) < 0)
		return -ENOMEM;
	if (strlen(data) > DATA_MAX)
		return -E2BIG;
	return mount_in(folder, source, target, options->flags, data);
}
