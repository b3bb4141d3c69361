// SPDX-License-Identifier: GPL-2.0-or-later
#include "ini_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

struct reading {
	const char *path;
	FILE *file;
	ini_file_key key;
	void *user;
	unsigned int line;
	unsigned int mistakes;
};

/* Return: 1, for inih; mistakes are counted here. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	const char *problem = reading->key(reading->user, section, name, value);

	if (!problem)
		return 1;
	reading->mistakes++;
	fprintf(stderr, "%s:%u: [%s] %s = %s: %s\n", reading->path, reading->line, section, name,
		value, problem);
	return 1;
}

/* libinih of Debian does not tell its handler the line: counted here. */
static char *read_line(char *text, int size, void *user)
{
	struct reading *reading = user;

	reading->line++;
	return fgets(text, size, reading->file);
}

int ini_file_read(const char *path, bool optional, ini_file_key key, void *user)
{
	struct reading reading = { .path = path, .key = key, .user = user };
	int r;

	reading.file = fopen(path, "re");
	if (!reading.file && errno == ENOENT && optional)
		return 0;
	if (!reading.file) {
		r = -errno;
		fprintf(stderr, "%s: cannot be read: %s\n", path, strerror(-r));
		return r;
	}
	r = ini_parse_stream(read_line, &reading, take_key, &reading);
	fclose(reading.file);
	if (r > 0)
		fprintf(stderr, "%s:%d: neither [section] nor key = value\n", path, r);
	return r || reading.mistakes ? -EINVAL : 0;
}
