// SPDX-License-Identifier: GPL-2.0-or-later
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <json-c/json.h>

#include "../../proxy/cleanup.h"
#include "address.h"
#include "bootstrap.h"
#include "config/problem.h"
#include "memory.h"
#include "options.h"
#include "pod.h"
#include "rootfs/rootfs.h"
#include "server.h"
#include "shim_log.h"
#include "spec.h"

#define FILE_ADDRESS "address"
#define FILE_PID "shim.pid"
#define FILE_LOG "log"
/* The most that the kernel takes. */
#define OOM_SCORE_MAX 1000

/* What a start is about. */
struct start {
	const struct options *options;
	char bundle[PATH_MAX];
	struct bootstrap bootstrap;
	/* Of the sandbox: its own or the pod's. */
	char *group;
	char address[ADDRESS_SIZE];
	bool joins;
};

int verb_fail(const char *text)
{
	fprintf(stderr, "containerd-shim-kata-bm-v2: %s\n", text);
	return EXIT_FAILURE;
}

/* A sandbox of the sandbox service may have no config.json. */
static int find_group(struct start *start, struct problem *problem)
{
	struct pod_place place = { .role = POD_SINGLE };
	struct json_object *spec = NULL;
	int r = spec_read(start->bundle, &spec, problem);

	if (!r)
		r = pod_place_find(spec, &place, problem);
	if (r < 0 && r != -ENOENT) {
		json_object_put(spec);
		return r;
	}
	start->joins = place.role == POD_CONTAINER;
	start->group = must_strdup(start->joins ? place.sandbox : start->options->id);
	json_object_put(spec);
	return 0;
}

static int read_input(struct start *start, struct problem *problem)
{
	cleanup_free void *data = NULL;
	size_t size = 0;
	int r = 0;

	if (!isatty(STDIN_FILENO))
		r = bootstrap_read(STDIN_FILENO, &data, &size, problem);
	if (!r)
		r = bootstrap_parse(data, size, start->options, &start->bootstrap, problem);
	return r;
}

static int prepare(struct start *start, struct problem *problem)
{
	int r;

	if (!getcwd(start->bundle, sizeof(start->bundle)))
		return problem_set(problem, -errno, "bundle: the working directory is gone");
	r = read_input(start, problem);
	if (!r)
		r = find_group(start, problem);
	if (r < 0)
		return r;
	r = address_make(start->bootstrap.socket_dir, start->options->address,
			 start->options->namespace_, start->group, start->address);
	if (r < 0)
		return problem_set(problem, r, "socket directory %s: its name is too long",
				   start->bootstrap.socket_dir);
	return 0;
}

static int answer(const struct start *start, pid_t pid, struct problem *problem)
{
	cleanup_free char *words = bootstrap_answer(start->bundle, start->address);
	char text[16];
	int r = address_write(start->bundle, FILE_ADDRESS, start->address);

	snprintf(text, sizeof(text), "%d", pid);
	if (!r && pid)
		r = address_write(start->bundle, FILE_PID, text);
	if (r < 0)
		return problem_set(problem, r, "%s: cannot write the address: %s", start->bundle,
				   strerror(-r));
	if (printf("%s", words) < 0 || fflush(stdout))
		return problem_set(problem, -EIO, "standard output: %s", strerror(errno));
	return 0;
}

/* When memory is short a pod goes before the containerd that looks after it. */
static void raise_oom_score(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "r+");
	int score = 0;

	if (!file)
		return;
	if (fscanf(file, "%d", &score) == 1 && score < OOM_SCORE_MAX && !fseek(file, 0, SEEK_SET))
		fprintf(file, "%d", score + 1);
	fclose(file);
}

/* Nothing of the caller's: its pipes above all, at whose end it waits. */
static int leave_caller(const struct start *start, struct problem *problem)
{
	cleanup_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* In the bundle; without it messages go nowhere. */
	shim_log_open(FILE_LOG, start->options->id,
		      start->options->debug || start->bootstrap.debug);
	if (setsid() < 0 || null < 0 || chdir("/") < 0)
		return problem_set(problem, -errno, "server: %s", strerror(errno));
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(shim_log_fd() >= 0 ? shim_log_fd() : null, STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	raise_oom_score();
	prctl(PR_SET_NAME, "kata-bm-shim");
	return rootfs_unshare(problem);
}

/* The child: tells by @ready what is wrong, or by closing it that it serves. */
static void __attribute__((noreturn)) serve(struct start *start, int listener, int ready)
{
	struct server_options options = {
		.options = start->options,
		.id = start->group,
		.address = start->address,
		.listener = listener,
		.runtime_options = start->bootstrap.options,
	};
	struct problem problem = { "" };
	struct shim *shim = NULL;
	int r;

	r = leave_caller(start, &problem);
	if (!r)
		r = server_new(&options, &shim, &problem);
	if (r < 0) {
		if (write(ready, problem.text, strlen(problem.text)) < 0)
			_exit(EXIT_FAILURE);
		_exit(EXIT_FAILURE);
	}
	close(ready);
	server_run(shim);
	exit(EXIT_SUCCESS);
}

static int start_server(struct start *start, int listener, struct problem *problem)
{
	struct problem child = { "" };
	int ends[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return problem_set(problem, -errno, "server: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		close(ends[0]);
		serve(start, listener, ends[1]);
	}
	close(ends[1]);
	n = pid < 0 ? -1 : read(ends[0], child.text, sizeof(child.text) - 1);
	close(ends[0]);
	if (n)
		return problem_set(problem, -ECHILD, "server: %s",
				   n > 0 ? child.text : strerror(errno));
	return answer(start, pid, problem);
}

static int start_or_find(struct start *start, struct problem *problem)
{
	cleanup_close int listener = -1;
	int r;

	if (start->joins) {
		r = address_probe(start->address);
		if (r < 0)
			return problem_set(problem, r,
					   "pod %s: its shim does not answer (%s); is the "
					   "pod still there?",
					   start->group, strerror(-r));
		return answer(start, 0, problem);
	}
	listener = address_listen(start->address);
	/* containerd lost its answer; the shim is there. */
	if (listener == -EADDRINUSE)
		return answer(start, 0, problem);
	if (listener < 0)
		return problem_set(problem, listener, "%s: cannot listen there: %s", start->address,
				   strerror(-listener));
	return start_server(start, listener, problem);
}

int verb_start(const struct options *options)
{
	struct start *start = must_calloc(sizeof(*start));
	struct problem problem = { "" };
	int r;

	start->options = options;
	/* What a caller forgot to keep for itself would stay open as long as the pod. */
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
	r = prepare(start, &problem);
	if (!r)
		r = start_or_find(start, &problem);
	bootstrap_done(&start->bootstrap);
	free(start->group);
	free(start);
	return r < 0 ? verb_fail(problem.text) : EXIT_SUCCESS;
}
