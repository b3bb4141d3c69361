// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "reaper.h"

/* Ended processes that nobody watched yet. */
#define EARLY_MAX 256

struct watch {
	struct watch *next;
	reaper_exited *exited;
	void *context;
	pid_t pid;
	int status;
	bool has_ended;
};

struct early {
	pid_t pid;
	int status;
};

struct reaper {
	struct ev_loop *loop;
	ev_signal child;
	ev_timer ended; /* tells of those that had ended before the watch */
	struct watch *watches;
	struct early early[EARLY_MAX];
	size_t early_next;
};

static struct watch **find(struct reaper *reaper, pid_t pid)
{
	struct watch **link = &reaper->watches;

	while (*link && (*link)->pid != pid)
		link = &(*link)->next;
	return link;
}

static void tell(struct watch **link, int status)
{
	struct watch *watch = *link;

	*link = watch->next;
	watch->exited(watch->context, status);
	free(watch);
}

static void remember(struct reaper *reaper, pid_t pid, int status)
{
	reaper->early[reaper->early_next] = (struct early){ pid, status };
	reaper->early_next = (reaper->early_next + 1) % EARLY_MAX;
}

static void on_child(struct ev_loop *loop, ev_signal *signal, int events)
{
	struct reaper *reaper = signal->data;
	struct watch **link;
	int status;
	pid_t pid;

	(void)loop;
	(void)events;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		link = find(reaper, pid);
		if (*link)
			tell(link, status);
		else
			remember(reaper, pid, status);
	}
}

/* A callback may change the list: begin anew after each. */
static void on_ended(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct reaper *reaper = timer->data;
	struct watch **link = &reaper->watches;

	(void)loop;
	(void)events;
	while (*link) {
		if ((*link)->has_ended) {
			tell(link, (*link)->status);
			link = &reaper->watches;
		} else {
			link = &(*link)->next;
		}
	}
}

int reaper_new(struct ev_loop *loop, struct reaper **ret_reaper)
{
	struct reaper *reaper = calloc(1, sizeof(*reaper));

	if (!reaper)
		return -ENOMEM;
	reaper->loop = loop;
	ev_signal_init(&reaper->child, on_child, SIGCHLD);
	ev_timer_init(&reaper->ended, on_ended, 0., 0.);
	reaper->child.data = reaper->ended.data = reaper;
	ev_signal_start(loop, &reaper->child);
	*ret_reaper = reaper;
	return 0;
}

void reaper_free(struct reaper *reaper)
{
	struct watch *watch;

	if (!reaper)
		return;
	ev_signal_stop(reaper->loop, &reaper->child);
	ev_timer_stop(reaper->loop, &reaper->ended);
	while ((watch = reaper->watches)) {
		reaper->watches = watch->next;
		free(watch);
	}
	free(reaper);
}

/* The newest first: numbers are used again. */
static struct early *find_early(struct reaper *reaper, pid_t pid)
{
	for (size_t i = 1; i <= EARLY_MAX; i++) {
		size_t at = (reaper->early_next + EARLY_MAX - i) % EARLY_MAX;

		if (reaper->early[at].pid == pid)
			return &reaper->early[at];
	}
	return NULL;
}

int reaper_watch(struct reaper *reaper, pid_t pid, reaper_exited *exited,
		 void *context)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	struct early *early = find_early(reaper, pid);

	/* Of an earlier process, if there is one of that number. */
	if (early && kill(pid, 0) == 0)
		early = NULL;
	if (!watch)
		return -ENOMEM;
	watch->pid = pid;
	watch->exited = exited;
	watch->context = context;
	if (early) {
		watch->has_ended = true;
		watch->status = early->status;
		early->pid = 0;
		ev_timer_stop(reaper->loop, &reaper->ended);
		ev_timer_set(&reaper->ended, 0., 0.);
		ev_timer_start(reaper->loop, &reaper->ended);
	}
	watch->next = reaper->watches;
	reaper->watches = watch;
	return 0;
}

void reaper_forget(struct reaper *reaper, pid_t pid)
{
	struct watch **link = find(reaper, pid);
	struct watch *watch = *link;

	if (!watch)
		return;
	*link = watch->next;
	free(watch);
}
