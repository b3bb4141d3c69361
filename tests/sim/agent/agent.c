// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent of the simulated server: process 1 there. It runs commands for the
 * launcher, which talks to it through one virtio-serial port, and reaps what
 * they leave behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"
#include "job.h"

#define MAX_JOBS	64

struct agent {
	int port;
	int children;
	struct job *jobs;
	struct frame_reader reader;
	uint8_t buffer[32768];
};

/* What poll() watches: the port, the signals, then each job's streams. */
struct watch {
	struct pollfd fds[2 + MAX_JOBS * JOB_STREAMS];
	struct job *job[2 + MAX_JOBS * JOB_STREAMS];
	enum job_stream stream[2 + MAX_JOBS * JOB_STREAMS];
	nfds_t count;
};

static void fail(const char *what, int error)
{
	fprintf(stderr, "sim-agent: %s: %s\n", what, strerror(error));
	exit(1);
}

static void send_frame(struct agent *agent, uint32_t job, uint32_t type,
		       const void *payload, size_t size)
{
	int r = frame_write(agent->port, job, type, payload, size);

	if (r < 0)
		fail("cannot write to the launcher", -r);
}

static void send_word(struct agent *agent, uint32_t job, uint32_t type,
		      uint32_t word)
{
	send_frame(agent, job, type, &word, sizeof(word));
}

static struct job *find_job(struct agent *agent, uint32_t id)
{
	struct job *job = agent->jobs;

	while (job && job->id != id)
		job = job->next;
	return job;
}

static unsigned int count_jobs(const struct agent *agent)
{
	unsigned int count = 0;

	for (const struct job *job = agent->jobs; job; job = job->next)
		count++;
	return count;
}

static void refuse(struct agent *agent, uint32_t id, int error)
{
	char text[128];
	int size = snprintf(text, sizeof(text),
			    "sim-agent: cannot start the command: %s\n",
			    strerror(error));

	send_frame(agent, id, FRAME_STDERR, text, (size_t)size);
	send_word(agent, id, FRAME_EXIT, 126);
}

static void run_job(struct agent *agent, const struct frame *frame)
{
	const size_t skip = sizeof(uint32_t);
	uint32_t id = frame->header.job;
	char *command = NULL;
	struct job *job;
	int r = -EINVAL;

	if (count_jobs(agent) >= MAX_JOBS)
		r = -EAGAIN;
	else if (frame->header.size > skip)
		command = strndup((const char *)frame->payload + skip,
				  frame->header.size - skip);
	if (command)
		r = job_start(id, frame_word(frame, 0), command, &job);
	free(command);
	if (r < 0) {
		refuse(agent, id, -r);
		return;
	}
	job->next = agent->jobs;
	agent->jobs = job;
}

static void handle_frame(struct agent *agent, const struct frame *frame)
{
	struct job *job;
	uint32_t word = frame_word(frame, 0);

	if (frame->header.type == FRAME_RUN) {
		run_job(agent, frame);
		return;
	}
	job = find_job(agent, frame->header.job);
	if (!job)
		return;	/* it ended while this was on its way */
	switch (frame->header.type) {
	case FRAME_STDIN:
		job_input(job, frame->payload, frame->header.size);
		break;
	case FRAME_SIGNAL:
		job_signal(job, (int)word);
		break;
	case FRAME_RESIZE:
		job_resize(job, (uint16_t)word, (uint16_t)(word >> 16));
		break;
	}
}

static void read_port(struct agent *agent)
{
	size_t used, done = 0;
	ssize_t n = read(agent->port, agent->buffer, sizeof(agent->buffer));
	int r;

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		fail("cannot read from the launcher", errno);
	while (n > 0 && done < (size_t)n) {
		r = frame_reader_feed(&agent->reader, agent->buffer + done,
				      (size_t)n - done, &used);
		if (r < 0)
			fail("the launcher's frame is damaged", -r);
		done += used;
		if (r)
			handle_frame(agent, &agent->reader.frame);
	}
}

static uint32_t shell_status(int status)
{
	if (WIFSIGNALED(status))
		return 128u + (uint32_t)WTERMSIG(status);
	return (uint32_t)WEXITSTATUS(status);
}

/* Process 1 reaps everybody's orphans, too. */
static void reap_children(struct agent *agent)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	if (read(agent->children, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (struct job *job = agent->jobs; job; job = job->next) {
			if (job->pid != pid)
				continue;
			job->pid = 0;
			job->status = shell_status(status);
		}
	}
}

/*
 * A terminal whose other end was closed reads as EIO.
 *
 * Return: whether there was something.
 */
static bool read_stream(struct agent *agent, struct job *job,
			enum job_stream stream)
{
	ssize_t n = read(job->fd[stream], agent->buffer,
			 sizeof(agent->buffer));

	if (n > 0)
		send_frame(agent, job->id,
			   stream == JOB_STDOUT ? FRAME_STDOUT : FRAME_STDERR,
			   agent->buffer, (size_t)n);
	else if (n == 0 || (errno != EINTR && errno != EAGAIN))
		job_close_stream(job, stream);
	return n > 0;
}

/*
 * A job ends with its process: what that left running in the background may
 * hold the streams open for ever.
 */
static void end_jobs(struct agent *agent)
{
	struct job **link = &agent->jobs;
	struct job *job;

	while ((job = *link)) {
		if (job->pid) {
			link = &job->next;
			continue;
		}
		*link = job->next;
		while (read_stream(agent, job, JOB_STDOUT) ||
		       read_stream(agent, job, JOB_STDERR))
			;
		send_word(agent, job->id, FRAME_EXIT, job->status);
		job_free(job);
	}
}

static void watch_add(struct watch *watch, int fd, short events,
		      struct job *job, enum job_stream stream)
{
	watch->fds[watch->count] = (struct pollfd){ .fd = fd,
						    .events = events };
	watch->job[watch->count] = job;
	watch->stream[watch->count] = stream;
	watch->count++;
}

static void watch_all(struct agent *agent, struct watch *watch)
{
	watch->count = 0;
	watch_add(watch, agent->port, POLLIN, NULL, 0);
	watch_add(watch, agent->children, POLLIN, NULL, 0);
	for (struct job *job = agent->jobs; job; job = job->next) {
		if (job->input_size)
			watch_add(watch, job->fd[JOB_STDIN], POLLOUT, job,
				  JOB_STDIN);
		watch_add(watch, job->fd[JOB_STDOUT], POLLIN, job, JOB_STDOUT);
		watch_add(watch, job->fd[JOB_STDERR], POLLIN, job, JOB_STDERR);
	}
}

/* Streams first: a job is freed only after its last output was read. */
static void handle_events(struct agent *agent, struct watch *watch)
{
	for (nfds_t i = 2; i < watch->count; i++) {
		if (!watch->fds[i].revents)
			continue;
		if (watch->stream[i] == JOB_STDIN)
			job_flush_input(watch->job[i]);
		else
			read_stream(agent, watch->job[i], watch->stream[i]);
	}
	if (watch->fds[1].revents)
		reap_children(agent);
	end_jobs(agent);
	if (watch->fds[0].revents & POLLIN)
		read_port(agent);
	else if (watch->fds[0].revents)
		usleep(10000);	/* the launcher is not there yet */
}

static int open_child_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char *argv[])
{
	static struct agent agent;
	static struct watch watch;

	if (argc != 2) {
		fprintf(stderr, "usage: sim-agent PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	agent.port = open(argv[1], O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (agent.port < 0)
		fail(argv[1], errno);
	agent.children = open_child_signals();
	if (agent.children < 0)
		fail("signalfd", errno);
	send_word(&agent, 0, FRAME_HELLO, FRAME_VERSION);
	for (;;) {
		watch_all(&agent, &watch);
		if (poll(watch.fds, watch.count, -1) < 0 && errno != EINTR)
			fail("poll", errno);
		handle_events(&agent, &watch);
	}
}
