/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Overlays of more layers than fit into a page by their full names. */
#ifndef KBM_SHIM_OVERLAY_H
#define KBM_SHIM_OVERLAY_H

struct mount_options;

/**
 * overlay_mount_by_short_names - mount with the layers' names relative to where
 * they all are
 *
 * The working directory changes meanwhile. -E2BIG: they are still too long.
 */
int overlay_mount_by_short_names(const char *source, const char *target,
				 const struct mount_options *options);

#endif
