/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handing over what a cleanup attribute would release. */
#ifndef KBM_SHIM_TAKE_H
#define KBM_SHIM_TAKE_H

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
