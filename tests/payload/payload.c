/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <string.h>

#include "cleanup.h"
#include "message.h"

/* The linker's names for the ends of a section. */
extern const struct payload __start_payload_table[], __stop_payload_table[];

static int payload_from_file(const char *path, struct payload *ret_payload)
{
	static char code[PAYLOAD_CODE_MAX];
	cleanup_file FILE *file = fopen(path, "rbe");
	size_t size;

	if (!file)
		return fail(-errno, "%s", path);
	size = fread(code, 1, sizeof(code), file);
	if (!size || !feof(file))
		return fail(0, "%s: a payload has 1 to %zu bytes", path, sizeof(code) - 1);
	*ret_payload = (struct payload){ .name = path, .code = code, .size = size };
	return 0;
}

int payload_find(const char *name, struct payload *ret_payload)
{
	const struct payload *payload;

	if (strchr(name, '/'))
		return payload_from_file(name, ret_payload);
	for (payload = __start_payload_table; payload < __stop_payload_table; payload++) {
		if (strcmp(payload->name, name))
			continue;
		*ret_payload = *payload;
		return 0;
	}
	return fail(0, "no payload \"%s\"; --list names them", name);
}

void payload_list(FILE *file)
{
	const struct payload *payload;

	for (payload = __start_payload_table; payload < __stop_payload_table; payload++)
		fprintf(file, "  %-12s %s\n", payload->name, payload->summary);
}
