// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cgroup.h"
#include "oom.h"

struct watched {
	struct watched *next;
	char *container_id, *cgroup;
	unsigned long long kills;
	int descriptor; /* inotify's */
};

struct oom_watch {
	struct ev_loop *loop;
	ev_io io;
	oom_killed *killed;
	void *context;
	struct watched *first;
	int fd;
};

static void look(struct oom_watch *watch, struct watched *watched)
{
	unsigned long long kills =
		cgroup_value(watched->cgroup, "memory.events", "oom_kill");

	if (kills > watched->kills) {
		watched->kills = kills;
		watch->killed(watch->context, watched->container_id);
	}
}

/* Which file it was does not matter: there are few, and looking is cheap. */
static void on_event(struct ev_loop *loop, ev_io *io, int events)
{
	struct oom_watch *watch = io->data;
	char buffer[4096];

	(void)loop;
	(void)events;
	if (read(watch->fd, buffer, sizeof(buffer)) <= 0)
		return;
	for (struct watched *watched = watch->first; watched;
	     watched = watched->next)
		look(watch, watched);
}

int oom_watch_new(struct ev_loop *loop, oom_killed *killed, void *context,
		  struct oom_watch **ret_watch)
{
	struct oom_watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		return -ENOMEM;
	watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->fd < 0) {
		free(watch);
		return -errno;
	}
	watch->loop = loop;
	watch->killed = killed;
	watch->context = context;
	ev_io_init(&watch->io, on_event, watch->fd, EV_READ);
	watch->io.data = watch;
	ev_io_start(loop, &watch->io);
	*ret_watch = watch;
	return 0;
}

static void watched_free(struct watched *watched)
{
	free(watched->container_id);
	free(watched->cgroup);
	free(watched);
}

void oom_watch_free(struct oom_watch *watch)
{
	struct watched *watched;

	if (!watch)
		return;
	ev_io_stop(watch->loop, &watch->io);
	while ((watched = watch->first)) {
		watch->first = watched->next;
		watched_free(watched);
	}
	close(watch->fd);
	free(watch);
}

int oom_watch_add(struct oom_watch *watch, const char *container_id,
		  const char *cgroup)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	char path[PATH_MAX];
	int r;

	if (!watched)
		return -ENOMEM;
	watched->container_id = strdup(container_id);
	watched->cgroup = strdup(cgroup);
	snprintf(path, sizeof(path), "%s/memory.events", cgroup);
	watched->descriptor = inotify_add_watch(watch->fd, path, IN_MODIFY);
	r = watched->descriptor < 0 ? -errno : 0;
	if (!watched->container_id || !watched->cgroup)
		r = -ENOMEM;
	if (r < 0) {
		watched_free(watched);
		return r;
	}
	watched->next = watch->first;
	watch->first = watched;
	return 0;
}

static struct watched **find(struct oom_watch *watch, const char *container_id)
{
	struct watched **link = &watch->first;

	while (*link && strcmp((*link)->container_id, container_id))
		link = &(*link)->next;
	return link;
}

void oom_watch_look(struct oom_watch *watch, const char *container_id)
{
	struct watched *watched = *find(watch, container_id);

	if (watched)
		look(watch, watched);
}

void oom_watch_remove(struct oom_watch *watch, const char *container_id)
{
	struct watched **link = find(watch, container_id);
	struct watched *watched = *link;

	if (!watched)
		return;
	look(watch, watched);
	inotify_rm_watch(watch->fd, watched->descriptor);
	*link = watched->next;
	watched_free(watched);
}
