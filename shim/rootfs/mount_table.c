// SPDX-License-Identifier: GPL-2.0-or-later
/* Unmounting by what the kernel lists. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "../../proxy/cleanup.h"
#include "config/problem.h"
#include "mounts.h"

#define MOUNTINFO	"/proc/self/mountinfo"
/* The mount point in a line, counted from 1. */
#define FIELD_POINT	5

/* Mount points, in the order in which they were mounted. */
struct points {
	char **names;
	size_t nr;
};

static void free_points(struct points *points)
{
	for (size_t i = 0; i < points->nr; i++)
		free(points->names[i]);
	free(points->names);
}

/* "\040" and such: the kernel's way to write blanks and backslashes. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; to++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] && text[3]) {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = 0;
}

/* NULL: a line of another form. */
static char *find_point(char *line)
{
	char *word = strtok(line, " ");

	for (int field = 1; word && field < FIELD_POINT; field++)
		word = strtok(NULL, " ");
	if (word)
		unescape(word);
	return word;
}

static bool is_below(const char *point, const char *path)
{
	size_t length = strlen(path);

	return !strncmp(point, path, length) && (!point[length] || point[length] == '/');
}

static int add_point(struct points *points, const char *point)
{
	char **names = reallocarray(points->names, points->nr + 1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	points->names = names;
	names[points->nr] = strdup(point);
	if (!names[points->nr])
		return -ENOMEM;
	points->nr++;
	return 0;
}

static int read_points(const char *path, struct points *points)
{
	FILE *file = fopen(MOUNTINFO, "re");
	cleanup_free char *line = NULL;
	size_t size = 0;
	char *point;
	int r = 0;

	if (!file)
		return -errno;
	while (r == 0 && getline(&line, &size, file) > 0) {
		point = find_point(line);
		if (point && is_below(point, path))
			r = add_point(points, point);
	}
	fclose(file);
	return r;
}

int mounts_remove(const char *path, struct problem *problem)
{
	struct points points = { 0 };
	int r;

	r = read_points(path, &points);
	if (r < 0)
		problem_set(problem, r, MOUNTINFO ": cannot read it: %s", strerror(-r));
	for (size_t i = points.nr; r == 0 && i--;) {
		/* EINVAL: gone meanwhile, with one that it was a peer of. */
		if (umount2(points.names[i], MNT_DETACH | UMOUNT_NOFOLLOW) < 0 &&
		    errno != EINVAL && errno != ENOENT)
			r = problem_set(problem, -errno, "cannot unmount %s: %s", points.names[i],
					strerror(errno));
	}
	free_points(&points);
	return r;
}
