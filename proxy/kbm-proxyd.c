// SPDX-License-Identifier: GPL-2.0-or-later
/* Accepts sessions, and gives each a twin. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "twin.h"
#include "wire.h"

/* What a daemon that is no more has left; never a socket that answers. */
static void remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	    errno == ECONNREFUSED)
		unlink(address->sun_path);
	close(fd);
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		errx(EXIT_FAILURE, "%s: longer than %zu bytes; take a shorter path", path,
		     sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	/* One's own user only: who may connect may use KVM. */
	umask(0077);
	remove_stale(&address);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		err(EXIT_FAILURE, "%s: cannot listen; is another kbm-proxyd there?",
		    path);
	return fd;
}

static void start_twin(int listener, int session)
{
	pid_t pid = fork();

	if (pid < 0)
		warn("no twin for a new session");
	if (pid == 0) {
		close(listener);
		twin_run(session);
	}
	close(session);
}

static void allow_descriptors(void)
{
	const rlim_t wanted = KBM_MAX_HANDLES + 2 * KBM_MAX_RINGS + 64;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
	int listener, session;

	if (argc != 2 || argv[1][0] == '-')
		errx(EXIT_FAILURE, "usage: kbm-proxyd SOCKET");
	/* What whoever started this one left open is not for twins. */
	close_range(3, ~0U, 0);
	signal(SIGCHLD, SIG_IGN);
	allow_descriptors();
	listener = listen_at(argv[1]);
	for (;;) {
		session = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (session >= 0)
			start_twin(listener, session);
		else if (errno != EINTR && errno != ECONNABORTED)
			warn("accept"), sleep(1);
	}
}
