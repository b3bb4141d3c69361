// SPDX-License-Identifier: GPL-2.0-or-later
#include "address.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../proxy/cleanup.h"
#include "sha256.h"

/* Calls of a containerd that has just been restarted. */
#define BACKLOG 64

int address_make(const char *directory, const char *containerd, const char *namespace_,
		 const char *group, char ret_address[ADDRESS_SIZE])
{
	cleanup_free char *name = NULL;
	char hash[SHA256_HEX_SIZE];
	int n;

	n = asprintf(&name, "%s/%s/%s", containerd, namespace_, group);
	if (n < 0)
		return -ENOMEM;
	sha256_hex(name, (size_t)n, hash);
	n = snprintf(ret_address, ADDRESS_SIZE, ADDRESS_SCHEME "%s/%s",
		     directory ? directory : ADDRESS_DIRECTORY, hash);
	return n < (int)ADDRESS_SIZE ? 0 : -ENAMETOOLONG;
}

static int make_sockaddr(const char *address, struct sockaddr_un *ret)
{
	const char *path = address + strlen(ADDRESS_SCHEME);
	size_t length;

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strncmp(address, ADDRESS_SCHEME, strlen(ADDRESS_SCHEME)) != 0)
		return -EINVAL;
	length = strlen(path);
	if (length >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	memcpy(ret->sun_path, path, length + 1);
	return 0;
}

int address_probe(const char *address)
{
	struct sockaddr_un name;
	cleanup_close int fd = -1;
	int r = make_sockaddr(address, &name);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* A full backlog is a sign of life, too. */
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

/* The folder of the socket, locked as long as the descriptor is open. */
static int lock_directory(const struct sockaddr_un *name)
{
	struct sockaddr_un copy = *name;
	const char *path = dirname(copy.sun_path);
	int fd;

	mkdir("/run/containerd", 0711);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX) < 0) {
		close_fd(fd);
		return -errno;
	}
	return fd;
}

static int bind_and_listen(const struct sockaddr_un *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0177);
	int r = 0;

	if (fd < 0 || bind(fd, (const struct sockaddr *)name, sizeof(*name)) < 0 ||
	    listen(fd, BACKLOG) < 0)
		r = -errno;
	umask(old);
	if (r < 0)
		close_fd(fd);
	return r < 0 ? r : fd;
}

int address_listen(const char *address)
{
	struct sockaddr_un name;
	cleanup_close int lock = -1;
	int r = make_sockaddr(address, &name);

	if (r < 0)
		return r;
	lock = lock_directory(&name);
	if (lock < 0)
		return lock;
	if (!address_probe(address))
		return -EADDRINUSE;
	if (unlink(name.sun_path) < 0 && errno != ENOENT)
		return -errno;
	return bind_and_listen(&name);
}

int address_write(const char *bundle, const char *name, const char *text)
{
	char path[PATH_MAX], temporary[PATH_MAX];
	size_t length = strlen(text);
	cleanup_close int fd = -1;

	if (snprintf(path, sizeof(path), "%s/%s", bundle, name) >= (int)sizeof(path) ||
	    snprintf(temporary, sizeof(temporary), "%s/.%s", bundle, name) >=
		    (int)sizeof(temporary))
		return -ENAMETOOLONG;
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (write(fd, text, length) != (ssize_t)length || rename(temporary, path) < 0)
		return -EIO;
	return 0;
}

int address_read(const char *bundle, const char *name, char *ret_text, size_t size)
{
	char path[PATH_MAX];
	cleanup_close int fd = -1;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%s", bundle, name) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = read(fd, ret_text, size - 1);
	if (n < 0)
		return -errno;
	ret_text[n] = 0;
	return 0;
}
