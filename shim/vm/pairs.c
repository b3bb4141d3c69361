// SPDX-License-Identifier: GPL-2.0-or-later
#include "pairs.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "../../proxy/cleanup.h"

static int open_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

void pairs_close(struct pairs *pairs)
{
	for (int i = 0; i < PAIRS_NR; i++) {
		close_fd(pairs->ours[i]);
		close_fd(pairs->theirs[i]);
		pairs->ours[i] = pairs->theirs[i] = -1;
	}
}

int pairs_open(struct pairs *pairs)
{
	int r = 0;

	for (int i = 0; i < PAIRS_NR; i++)
		pairs->ours[i] = pairs->theirs[i] = -1;
	for (int i = 0; r == 0 && i < PAIRS_NR; i++)
		r = open_pair(&pairs->ours[i], &pairs->theirs[i]);
	if (r < 0)
		pairs_close(pairs);
	return r;
}
