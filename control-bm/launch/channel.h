/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the channel is: kbm-proxyd knows. */
#ifndef CONTROL_BM_CHANNEL_H
#define CONTROL_BM_CHANNEL_H

#include <stdint.h>

/**
 * struct channel - the memory that kbm-proxyd shares with the control BM
 * @start:	its physical address.
 * @bytes:	its size.
 */
struct channel {
	uint64_t start;
	uint64_t bytes;
};

/**
 * channel_find - ask kbm-proxyd for the channel
 * @proxyd:	program; run with --status --json.
 * @channel:	filled.
 *
 * Prints why there is none.
 *
 * Return: 0 or a negative errno.
 */
int channel_find(const char *proxyd, struct channel *channel);

#endif
