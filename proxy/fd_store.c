// SPDX-License-Identifier: GPL-2.0-or-later
#include "fd_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "log.h"

static char **names;
static int nr;

void fd_store_init(void)
{
	nr = sd_listen_fds_with_names(1, &names);
	if (nr >= 0)
		return;
	log_write(LOG_LEVEL_WARNING, "descriptors of systemd not taken", "error=\"%s\"",
		  strerror(-nr));
	nr = 0;
}

int fd_store_take(const char *name)
{
	for (int i = 0; i < nr; i++) {
		if (names[i] && !strcmp(names[i], name)) {
			free(names[i]);
			names[i] = NULL;
			return SD_LISTEN_FDS_START + i;
		}
	}
	return -1;
}

int fd_store_add(const char *name, int fd)
{
	char state[128];
	int r;

	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s", name);
	r = sd_pid_notify_with_fds(0, 0, state, &fd, 1);
	return r < 0 ? r : 0;
}

void fd_store_remove(const char *name)
{
	char state[128];

	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	sd_notify(0, state);
}

void fd_store_notify(const char *state)
{
	sd_notify(0, state);
}
