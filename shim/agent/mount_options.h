/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options as mount(8) has them, for mount(2). */
#ifndef KBM_AGENT_MOUNT_OPTIONS_H
#define KBM_AGENT_MOUNT_OPTIONS_H

#include <stddef.h>

/*
 * Those with a flag go to *ret_flags, the others, joined by commas, to data.
 * Returns 0, or -E2BIG when data is too small.
 */
int mount_options_parse(char *const *options, size_t count,
			unsigned long *ret_flags, char *data, size_t size);

#endif
