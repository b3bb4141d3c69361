// SPDX-License-Identifier: GPL-2.0-or-later
#include "stdio_uri.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../config/problem.h"

/* Each is a pair in the query: containerd itself sets no limit. */
#define MAX_ARGUMENTS 256

static const struct {
	const char *prefix;
	enum stdio_kind kind;
} schemes[] = {
	{ "fifo://", STDIO_FIFO },
	{ "file://", STDIO_FILE },
	{ "binary://", STDIO_BINARY },
};

/* 16: it is none. */
static unsigned int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned int)(c - 'a') + 10 : 16;
}

static bool is_escape(const char *text, size_t left)
{
	return left > 2 && text[0] == '%' && hex_digit(text[1]) < 16 && hex_digit(text[2]) < 16;
}

/* A copy of @bytes of @text, %XX resolved; a zero byte among them is refused. */
static char *unescape(const char *text, size_t bytes, bool plus_is_space)
{
	char *copy = malloc(bytes + 1), *to = copy;

	for (size_t i = 0; copy && i < bytes; i++) {
		if (is_escape(text + i, bytes - i)) {
			*to = (char)(hex_digit(text[i + 1]) << 4 | hex_digit(text[i + 2]));
			i += 2;
			if (!*to) {
				free(copy);
				return NULL;
			}
			to++;
		} else {
			*to++ = plus_is_space && text[i] == '+' ? ' ' : text[i];
		}
	}
	if (copy)
		*to = 0;
	return copy;
}

static int add_argument(struct stdio_uri *uri, size_t *count, const char *text, size_t bytes)
{
	char **more;

	if (*count == MAX_ARGUMENTS)
		return -E2BIG;
	more = realloc(uri->arguments, (*count + 2) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	uri->arguments = more;
	more[*count] = unescape(text, bytes, true);
	more[*count + 1] = NULL;
	return more[(*count)++] ? 0 : -EINVAL;
}

/* key=value&key=value: the logger gets key value key value; "" is left out. */
static int parse_query(struct stdio_uri *uri, const char *query)
{
	size_t count = 0, length, key;
	int r;

	for (; *query; query += length + (query[length] == '&')) {
		length = strcspn(query, "&");
		key = strcspn(query, "=&");
		r = key ? add_argument(uri, &count, query, key) : 0;
		if (!r && key + 1 < length)
			r = add_argument(uri, &count, query + key + 1, length - key - 1);
		if (r < 0)
			return r;
	}
	return 0;
}

static int complain(const char *text, const char *remedy, struct problem *problem)
{
	return problem_set(problem, -EINVAL, "stdio '%.200s': %s", text, remedy);
}

static int parse_url(const char *text, const char *rest, struct stdio_uri *uri,
		     struct problem *problem)
{
	size_t length = strcspn(rest, "?");

	uri->path = unescape(rest, length, false);
	if (!uri->path || uri->path[0] != '/')
		return complain(text, "the path must be absolute, as in file:///var/log/x",
				problem);
	if (uri->kind == STDIO_BINARY && rest[length] && parse_query(uri, rest + length + 1) < 0)
		return complain(text, "too many or unreadable arguments", problem);
	return 0;
}

static int parse(const char *text, struct stdio_uri *uri, struct problem *problem)
{
	if (!*text)
		return 0;
	if (strlen(text) >= 2 * PATH_MAX)
		return complain(text, "too long", problem);
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t length = strlen(schemes[i].prefix);

		if (strncmp(text, schemes[i].prefix, length) != 0)
			continue;
		uri->kind = schemes[i].kind;
		return parse_url(text, text + length, uri, problem);
	}
	if (text[0] != '/')
		return complain(text, "write a path, fifo://, file:// or binary://", problem);
	uri->kind = STDIO_FIFO;
	uri->path = strdup(text);
	return uri->path ? 0 : -ENOMEM;
}

int stdio_uri_parse(const char *text, struct stdio_uri *ret_uri, struct problem *problem)
{
	struct stdio_uri uri = { .kind = STDIO_NONE };
	int r;

	r = parse(text, &uri, problem);
	if (r < 0) {
		stdio_uri_done(&uri);
		return r;
	}
	*ret_uri = uri;
	return 0;
}

void stdio_uri_done(struct stdio_uri *uri)
{
	for (char **argument = uri->arguments; argument && *argument; argument++)
		free(*argument);
	free(uri->arguments);
	free(uri->path);
	*uri = (struct stdio_uri){ .kind = STDIO_NONE };
}
