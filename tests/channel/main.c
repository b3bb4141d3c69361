// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kbm-channel: both ends of a channel between host and control BM.
 *
 *   host MIB         on the host: makes a channel, prints its place, serves it;
 *                    each session gets an extent of that size
 *   requests         in the control BM: bad requests; each must fail
 *   rings COUNT      there: doorbells to the host and back; none may be lost
 *   io FILE          there: direct I/O and registered buffers in lent memory
 *   hold             there: opens a session and waits to be killed
 *   end INDEX        there: ends a session that an earlier control BM has left
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <asm/kbm.h>

#include "channel.h"

int call(int fd, unsigned long request, const void *argument)
{
	int r = ioctl(fd, request, argument);

	return r < 0 ? -errno : r;
}

int send_doorbell(int fd, uint64_t word)
{
	return call(fd, KBM_SEND_DOORBELL, &word);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: kbm-channel host MIB | requests | rings COUNT | io FILE | hold | end INDEX\n");
	return -EINVAL;
}

static int dispatch(const char *verb, const char *argument)
{
	if (!strcmp(verb, "requests"))
		return test_requests();
	if (!strcmp(verb, "hold"))
		return test_hold();
	if (!argument)
		return usage();
	if (!strcmp(verb, "host"))
		return host_serve(strtoull(argument, NULL, 0) << 20);
	if (!strcmp(verb, "rings"))
		return test_rings((unsigned int)strtoul(argument, NULL, 0));
	if (!strcmp(verb, "io"))
		return test_io(argument);
	if (!strcmp(verb, "end"))
		return test_end((uint32_t)strtoul(argument, NULL, 0));
	return usage();
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || argc > 3)
		return usage() ? 2 : 0;
	return dispatch(argv[1], argv[2]) ? 1 : 0;
}
