/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One command that the launcher runs in the simulated server. */
#ifndef SIM_JOB_H
#define SIM_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A job's streams, as indexes of job.fd. */
enum job_stream {
	JOB_STDIN,
	JOB_STDOUT,
	JOB_STDERR,
	JOB_STREAMS,
};

/**
 * struct job - a command and its streams
 * @next:	in the agent's list.
 * @id:		the launcher's name for it.
 * @pid:	its process, leader of a process group; 0 once it was reaped.
 * @status:	its exit status once it was reaped.
 * @fd:		our ends of its streams, -1 when closed. On a terminal stdin
 *		and stdout are the terminal, and there is no stderr.
 * @input:	what its stdin did not take yet.
 * @input_size:	bytes in @input.
 * @input_ends:	close stdin once @input is empty.
 */
struct job {
	struct job *next;
	uint32_t id;
	pid_t pid;
	uint32_t status;
	int fd[JOB_STREAMS];
	uint8_t *input;
	size_t input_size;
	bool input_ends;
};

/**
 * job_start - run a command
 * @id:		name of the job.
 * @flags:	RUN_* of frame.h.
 * @command:	for sh -c.
 * @ret_job:	the job.
 *
 * Return: 0 or a negative errno.
 */
int job_start(uint32_t id, uint32_t flags, const char *command,
	      struct job **ret_job);

/* Closes the job's streams and forgets it; its process was reaped. */
void job_free(struct job *job);

/* Queues bytes for the job's stdin; none means end of file. */
int job_input(struct job *job, const void *data, size_t size);

/* Gives stdin what it takes without waiting. */
void job_flush_input(struct job *job);

void job_close_stream(struct job *job, enum job_stream stream);
void job_signal(const struct job *job, int signal);
void job_resize(const struct job *job, uint16_t rows, uint16_t columns);

#endif
