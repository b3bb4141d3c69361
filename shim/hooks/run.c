// SPDX-License-Identifier: GPL-2.0-or-later
/* The hooks of one point, one after the other, on the loop. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "hooks_private.h"

#define WHY_SIZE 1024

struct hooks_run {
	struct ev_loop *loop;
	enum hooks_point point;
	/* The array, and what each is told. */
	struct json_object *list;
	char *input;
	char *folder;
	double seconds;
	void (*failed)(const char *why, void *context);
	void (*done)(const char *why, void *context);
	void *context;
	size_t index;
	struct hook_process process;
	ev_io ended;
	ev_io errors;
	ev_timer late;
	/* From hooks_run() to the first hook, and to an end without one. */
	ev_timer soon;
	bool is_late;
	/* Of hooks_stop(). */
	char *stopped;
	/* The last that it has said. */
	char words[HOOK_WORDS_SIZE];
	size_t nr_words;
};

static void next(struct hooks_run *run);

static struct json_object *current(const struct hooks_run *run)
{
	return json_object_array_get_idx(run->list, run->index);
}

static void keep_words(struct hooks_run *run, const char *words, size_t nr)
{
	size_t room = sizeof(run->words) - 1, over;

	if (nr > room) {
		words += nr - room;
		nr = room;
	}
	over = run->nr_words + nr > room ? run->nr_words + nr - room : 0;
	memmove(run->words, run->words + over, run->nr_words - over);
	run->nr_words -= over;
	memcpy(run->words + run->nr_words, words, nr);
	run->nr_words += nr;
}

static void read_errors(struct hooks_run *run)
{
	char part[4096];
	ssize_t n = 1;

	/* Not for ever: what floods us comes back. */
	for (int i = 0; i < 16 && n > 0; i++) {
		n = read(run->process.errors, part, sizeof(part));
		if (n > 0)
			keep_words(run, part, (size_t)n);
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		ev_io_stop(run->loop, &run->errors);
}

static void on_errors(struct ev_loop *loop, ev_io *watcher, int events)
{
	(void)loop;
	(void)events;
	read_errors(watcher->data);
}

static bool is_blank(char byte)
{
	return (unsigned char)byte <= ' ' || byte == 127;
}

/* In one line, without what a log cannot show; it may be any bytes. */
static const char *tidy_words(struct hooks_run *run)
{
	size_t first = 0;

	while (run->nr_words && is_blank(run->words[run->nr_words - 1]))
		run->nr_words--;
	run->words[run->nr_words] = 0;
	for (size_t i = 0; i < run->nr_words; i++) {
		if (is_blank(run->words[i]))
			run->words[i] = ' ';
		if (run->words[first] == ' ')
			first++;
	}
	return run->words + first;
}

static void describe(struct hooks_run *run, const char *how, char why[WHY_SIZE])
{
	struct json_object *hook = current(run);
	const char *words = tidy_words(run);

	if (run->is_late)
		snprintf(why, WHY_SIZE,
			 "hook %s %.200s: still ran after %g s and was killed; give it a "
			 "longer timeout in config.json%s%s",
			 hooks_point_name(run->point), hook_path(hook),
			 hook_seconds(hook, run->seconds), *words ? ": " : "", words);
	else
		snprintf(why, WHY_SIZE, "hook %s %.200s: %s%s%s", hooks_point_name(run->point),
			 hook_path(hook), how, *words ? ": " : "", words);
}

static void unwatch(struct hooks_run *run)
{
	ev_io_stop(run->loop, &run->ended);
	ev_io_stop(run->loop, &run->errors);
	ev_timer_stop(run->loop, &run->late);
	ev_timer_stop(run->loop, &run->soon);
}

static void release(struct hooks_run *run)
{
	json_object_put(run->list);
	free(run->input);
	free(run->folder);
	free(run->stopped);
	free(run);
}

/* The last thing that a run does. */
static void end(struct hooks_run *run, const char *why)
{
	void (*done)(const char *text, void *context) = run->done;
	void *context = run->context;
	char copy[WHY_SIZE];

	if (why)
		snprintf(copy, sizeof(copy), "%s", why);
	unwatch(run);
	release(run);
	done(why ? copy : NULL, context);
}

/* The current one has failed, before it ran or afterwards. */
static void fail(struct hooks_run *run, const char *how)
{
	char why[WHY_SIZE];

	describe(run, how, why);
	if (!run->failed) {
		end(run, why);
		return;
	}
	run->failed(why, run->context);
	run->index++;
	next(run);
}

static void on_ended(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct hooks_run *run = watcher->data;
	char how[96];

	(void)loop;
	(void)events;
	read_errors(run);
	unwatch(run);
	hook_process_reap(&run->process, how, sizeof(how));
	if (run->stopped) {
		end(run, run->stopped);
	} else if (*how || run->is_late) {
		fail(run, how);
	} else {
		run->index++;
		next(run);
	}
}

static void on_late(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hooks_run *run = timer->data;

	(void)loop;
	(void)events;
	run->is_late = true;
	hook_process_kill(&run->process);
}

static void watch(struct hooks_run *run)
{
	ev_io_set(&run->ended, run->process.pidfd, EV_READ);
	ev_io_set(&run->errors, run->process.errors, EV_READ);
	ev_now_update(run->loop);
	ev_timer_set(&run->late, hook_seconds(current(run), run->seconds), 0.);
	ev_io_start(run->loop, &run->ended);
	ev_io_start(run->loop, &run->errors);
	ev_timer_start(run->loop, &run->late);
}

static void next(struct hooks_run *run)
{
	int r;

	if (run->index == (run->list ? json_object_array_length(run->list) : 0)) {
		end(run, NULL);
		return;
	}
	run->nr_words = 0;
	run->is_late = false;
	r = hook_process_start(current(run), run->input, run->folder, &run->process);
	if (r < 0)
		fail(run, strerror(-r));
	else
		watch(run);
}

static void on_soon(struct ev_loop *loop, ev_timer *timer, int events)
{
	struct hooks_run *run = timer->data;

	(void)loop;
	(void)events;
	if (run->stopped)
		end(run, run->stopped);
	else
		next(run);
}

static void init_watchers(struct hooks_run *run)
{
	ev_init(&run->ended, on_ended);
	ev_init(&run->errors, on_errors);
	ev_init(&run->late, on_late);
	ev_timer_init(&run->soon, on_soon, 0., 0.);
	run->ended.data = run->errors.data = run->late.data = run->soon.data = run;
}

struct hooks_run *hooks_run(const struct hooks *hooks, enum hooks_point point,
			    const struct hooks_options *options)
{
	struct hooks_run *run = malloc(sizeof(*run));

	/* A few hundred bytes: as elsewhere in the shim, it could not say so. */
	if (!run)
		abort();
	*run = (struct hooks_run){
		.loop = options->loop,
		.point = point,
		.list = json_object_get(hooks_at(hooks, point)),
		.input = hooks ? hooks_state_text(hooks, point, options->state) : strdup(""),
		.folder = strdup(options->state->bundle),
		.seconds = options->seconds,
		.failed = options->failed,
		.done = options->done,
		.context = options->context,
		.process = { .pidfd = -1, .errors = -1 },
	};
	if (!run->input || !run->folder)
		abort();
	init_watchers(run);
	ev_timer_start(run->loop, &run->soon);
	return run;
}

void hooks_stop(struct hooks_run *run, const char *why)
{
	if (run->stopped)
		return;
	run->stopped = strdup(why);
	if (!run->stopped)
		abort();
	if (run->process.pidfd >= 0)
		hook_process_kill(&run->process);
}

struct hooks_run *hooks_run_free(struct hooks_run *run)
{
	char how[96];

	if (!run)
		return NULL;
	unwatch(run);
	if (run->process.pidfd >= 0) {
		hook_process_kill(&run->process);
		hook_process_reap(&run->process, how, sizeof(how));
	}
	release(run);
	return NULL;
}
