// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon_listen.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <asm/kbm.h>

#include "cleanup.h"
#include "daemon_accept.h"
#include "daemon_session.h"
#include "log.h"

/* Of 50 ms each. */
#define LOCK_TRIES	20

/*
 * Whose lock this is, may replace the socket. Not whether somebody answers there:
 * the kernel closes what an io_uring has under way after its process has ended.
 * A child of an earlier daemon may have the lock until it has closed all.
 */
static int take_lock(const char *path)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	char name[sizeof(((struct sockaddr_un *)NULL)->sun_path) + sizeof(".lock")];
	int fd;

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return fd;
		nanosleep(&pause, NULL);
	}
	close_fd(fd);
	return -EADDRINUSE;
}

static int find_group(const char *name, gid_t *ret_gid)
{
	const struct group *group = getgrnam(name);

	if (!group)
		return -ENOENT;
	*ret_gid = group->gr_gid;
	return 0;
}

static int bind_and_listen(int fd, const struct sockaddr_un *address, const char *group)
{
	mode_t old = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
	gid_t gid;

	umask(old);
	if (!r && *group) {
		r = find_group(group, &gid);
		if (!r && (chown(address->sun_path, (uid_t)-1, gid) < 0 ||
			   chmod(address->sun_path, 0660) < 0))
			r = -errno;
	}
	if (!r && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	return r;
}

int listen_at(const char *path, int type, const char *group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, r, lock;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	/* Kept for as long as this process is there. */
	lock = take_lock(path);
	if (lock < 0)
		return lock;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	r = bind_and_listen(fd, &address, group);
	if (!r)
		return fd;
	close_fd(fd);
	return r;
}

static void start_session(int socket)
{
	cleanup_close int lease = open(KBM_DEVICE_PATH, O_RDWR | O_CLOEXEC);
	struct session_offer offer = {
		.transport = "unix", .socket = socket, .channel = -1, .bell = -1,
		.lease = lease < 0 ? -errno : lease,
	};
	struct ucred peer;
	socklen_t bytes = sizeof(peer);
	int r;

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &bytes)) {
		offer.client_pid = peer.pid;
		offer.client_uid = peer.uid;
	}
	r = session_start(&offer);
	if (r < 0)
		log_write(LOG_LEVEL_ERROR, "session refused", "client=%d error=\"%s\" sessions=%u",
			  offer.client_pid, strerror(-r), sessions_count());
	close_fd(socket);
}

int listen_for_clients(int socket)
{
	static struct acceptor acceptor = { .what = "clients", .accepted = start_session };

	acceptor.socket = socket;
	return acceptor_start(&acceptor);
}
