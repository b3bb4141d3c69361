// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.pb-c.h"
#include "calls.h"
#include "files.h"

/* A file grows here until it is whole. */
#define PART ".part"

static bool is_allowed(const char *path)
{
	static const char *const below[] = { AGENT_RUN_DIR "/files/",
					     "/run/kata-containers/" };

	if (strlen(path) >= PATH_MAX - sizeof(PART) || strstr(path, "/.."))
		return false;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (!strncmp(path, below[i], strlen(below[i])) &&
		    path[strlen(below[i])])
			return true;
	return false;
}

static int make_parent(const Grpc__CopyFileRequest *request)
{
	char parent[PATH_MAX];

	snprintf(parent, sizeof(parent), "%s", request->path);
	*strrchr(parent, '/') = '\0';
	return directory_make(
		parent, request->dir_mode ? request->dir_mode & 07777 : 0755);
}

/* Links are not followed: containers may write there, too. */
static int write_part(const Grpc__CopyFileRequest *request, const char *part)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
	ssize_t size;
	int fd, r = 0;

	fd = open(part, request->offset ? flags : flags | O_TRUNC, 0600);
	if (fd < 0)
		return -errno;
	size = pwrite(fd, request->data.data, request->data.len,
		      request->offset);
	if (size < 0)
		r = -errno;
	else if ((size_t)size < request->data.len)
		r = -ENOSPC;
	close(fd);
	return r;
}

static int finish(const Grpc__CopyFileRequest *request, const char *part)
{
	if (chown(part, request->uid, request->gid) < 0 ||
	    chmod(part, request->file_mode & 07777) < 0 ||
	    rename(part, request->path) < 0)
		return -errno;
	return 0;
}

static int copy(const Grpc__CopyFileRequest *request)
{
	char part[PATH_MAX];
	int r;

	if (!is_allowed(request->path))
		return -EACCES;
	if (request->file_mode & S_IFMT && !S_ISREG(request->file_mode) &&
	    !S_ISDIR(request->file_mode))
		return -EOPNOTSUPP;
	if (request->offset < 0 || request->file_size < 0 ||
	    request->offset > request->file_size ||
	    (int64_t)request->data.len > request->file_size - request->offset)
		return -EINVAL;
	r = make_parent(request);
	if (r < 0)
		return r;
	if (S_ISDIR(request->file_mode))
		return directory_make(request->path,
				      request->file_mode & 07777);
	snprintf(part, sizeof(part), "%s%s", request->path, PART);
	r = write_part(request, part);
	if (r < 0 ||
	    request->offset + (int64_t)request->data.len < request->file_size)
		return r;
	return finish(request, part);
}

CALL(call_copy_file)
{
	const Grpc__CopyFileRequest *wanted =
		(const Grpc__CopyFileRequest *)request;
	int r = copy(wanted);

	(void)context;
	if (r < 0)
		ttrpc_call_fail_errno(call, r, "cannot copy to \"%.200s\": %s",
				      wanted->path,
				      r == -EACCES ?
					      "not below " AGENT_RUN_DIR
					      "/files or /run/kata-containers" :
					      strerror(-r));
	else
		call_reply_empty(call);
}
