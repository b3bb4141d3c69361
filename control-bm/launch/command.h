/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of the control BM's VMM. */
#ifndef CONTROL_BM_COMMAND_H
#define CONTROL_BM_COMMAND_H

#include "channel.h"
#include "config.h"

#define COMMAND_MAX_WORDS	128
/* In the folder for what runs: two pipes, .in to the control BM and .out. */
#define COMMAND_REQUESTS	"host"

/**
 * struct command - a command line
 * @words:	ended by NULL, its own.
 * @nr_words:	how many, without the NULL.
 * @error:	0, or -ENOMEM or -E2BIG once a word did not fit.
 */
struct command {
	char *words[COMMAND_MAX_WORDS + 1];
	size_t nr_words;
	int error;
};

/**
 * command_make - write the command line
 * @config:	what to start.
 * @channel:	where the channel is; NULL for none.
 * @command:	zeroed; filled. For command_free(), also after an error.
 *
 * Return: 0 or a negative errno.
 */
int command_make(const struct config *config, const struct channel *channel,
		 struct command *command);

void command_free(struct command *command);

#endif
