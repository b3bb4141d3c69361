// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime_log.h"

#define LOG_MAX 16384

static void read_log(const char *path, char log[LOG_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = -1;

	if (fd >= 0) {
		size = read(fd, log, LOG_MAX - 1);
		close(fd);
	}
	log[size > 0 ? size : 0] = '\0';
}

/* {"msg":"...","level":"error","time":"..."} */
static bool take_error(const char *line, char text[RUNTIME_TEXT_SIZE])
{
	struct json_object *object = json_tokener_parse(line);
	struct json_object *message, *level;
	bool found;

	found = json_object_is_type(object, json_type_object) &&
		json_object_object_get_ex(object, "msg", &message) &&
		json_object_object_get_ex(object, "level", &level) &&
		!strcmp(json_object_get_string(level), "error");
	if (found)
		snprintf(text, RUNTIME_TEXT_SIZE, "%s",
			 json_object_get_string(message));
	json_object_put(object);
	return found;
}

/* crun: executable file `x` not found in $PATH: No such file or directory */
static void use_known_words(char text[RUNTIME_TEXT_SIZE])
{
	static const char start[] = "executable file `";
	char name[RUNTIME_TEXT_SIZE];
	char *at = strstr(text, start), *end;

	if (!at || !strstr(at, "not found in $PATH"))
		return;
	at += sizeof(start) - 1;
	end = strpbrk(at, "`'");
	if (!end)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)(end - at), at);
	snprintf(text, RUNTIME_TEXT_SIZE,
		 "exec: \"%.500s\": executable file not found in $PATH", name);
}

void runtime_log_text(const char *path, int status,
		      char text[RUNTIME_TEXT_SIZE])
{
	char log[LOG_MAX], *rest = log, *line;
	bool found = false;

	read_log(path, log);
	while ((line = strsep(&rest, "\n")))
		found |= take_error(line, text);
	if (found)
		use_known_words(text);
	else if (WIFEXITED(status))
		snprintf(text, RUNTIME_TEXT_SIZE,
			 "crun ended with status %d and no word",
			 WEXITSTATUS(status));
	else
		snprintf(text, RUNTIME_TEXT_SIZE, "crun was ended by signal %d",
			 WTERMSIG(status));
}
