// SPDX-License-Identifier: GPL-2.0-or-later
#include "channel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

/* More than any status has: 512 sessions with 64 extents and 512 CPUs each. */
#define MAX_STATUS	(16u << 20)

/* Starts it with its output in a pipe; returns our end, or a negative errno. */
static int start_proxyd(const char *proxyd, pid_t *ret_pid)
{
	int pipe_fds[2];
	pid_t pid;

	if (pipe(pipe_fds) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		dup2(pipe_fds[1], STDOUT_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		execlp(proxyd, proxyd, "--status", "--json", NULL);
		fprintf(stderr, "%s: cannot run it: %s\n", proxyd, strerror(errno));
		_exit(127);
	}
	close(pipe_fds[1]);
	if (pid < 0) {
		close(pipe_fds[0]);
		return -EAGAIN;
	}
	*ret_pid = pid;
	return pipe_fds[0];
}

/* All that comes from @fd, ended by a zero byte; NULL if that is too much. */
static char *read_all(int fd)
{
	char *text = malloc(MAX_STATUS + 1);
	size_t used = 0;
	ssize_t n = 1;

	while (text && n && used < MAX_STATUS) {
		n = read(fd, text + used, MAX_STATUS - used);
		if (n < 0 && errno != EINTR)
			break;
		used += n > 0 ? (size_t)n : 0;
	}
	if (!text || n) {
		free(text);
		return NULL;
	}
	text[used] = 0;
	return text;
}

static bool take_number(struct json_object *object, const char *name, uint64_t *ret)
{
	struct json_object *number;

	if (!json_object_object_get_ex(object, name, &number) ||
	    !json_object_is_type(number, json_type_int))
		return false;
	*ret = json_object_get_uint64(number);
	return *ret != 0;
}

static int parse_status(const char *text, struct channel *channel)
{
	struct json_object *status = json_tokener_parse(text);
	struct json_object *found;
	bool complete;

	complete = json_object_object_get_ex(status, "channel", &found) &&
		   take_number(found, "start", &channel->start) &&
		   take_number(found, "bytes", &channel->bytes);
	json_object_put(status);
	return complete ? 0 : -ENXIO;
}

int channel_find(const char *proxyd, struct channel *channel)
{
	int fd, status, r = -EIO;
	pid_t pid = -1;
	char *text;

	fd = start_proxyd(proxyd, &pid);
	if (fd < 0)
		return fd;
	text = read_all(fd);
	close(fd);
	if (waitpid(pid, &status, 0) == pid && !status && text)
		r = parse_status(text, channel);
	free(text);
	if (r < 0)
		fprintf(stderr, "%s --status --json: %s\n", proxyd, r == -ENXIO ?
			"it has no channel; is this a host that can lend memory to it?" :
			"no answer; start it first: systemctl start kbm-proxyd");
	return r;
}
