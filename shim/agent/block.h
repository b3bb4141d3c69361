/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef KBM_AGENT_BLOCK_H
#define KBM_AGENT_BLOCK_H

#include <stddef.h>

/*
 * Finds the node in /dev of the virtio-blk device with that serial, waiting for
 * it a short time. Returns 0 or -ENODEV.
 */
int block_find(const char *serial, char *node, size_t size);

#endif
