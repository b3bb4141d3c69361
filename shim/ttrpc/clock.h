/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time that nobody sets: an agent's clock is set while calls wait. */
#ifndef SHIM_TTRPC_CLOCK_H
#define SHIM_TTRPC_CLOCK_H

#include <time.h>

/* Seconds since some moment. */
static inline double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#endif
